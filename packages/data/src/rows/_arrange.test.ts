import { DpoError, type Message } from '@dpo/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelledDataset, preferenceDataset } from './dataset.js';
import { Notes } from './notes.js';
import { preferenceFormat } from './row-format.js';
import type { PreferencePair } from './types.js';

const say = (role: string, content: string): Message => ({ role, content });
const [system, user] = [say('system', 'Be brief.'), say('user', 'Name a colour.')];
const [blue, no] = [say('assistant', 'Blue.'), say('assistant', 'No.')];

/** The parsed row, and the codes of what was put right in it. */
function parseRow(row: object) {
  const notes = new Notes();
  const pair = preferenceFormat.parse(row, { row: 0, path: 'p', notes });
  return { pair, mended: notes.of('p').mended.map(({ code }) => code) };
}

function codeOf(row: object): string {
  try {
    parseRow(row);
  } catch (error) {
    if (DpoError.is(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('prompts that stand twice', () => {
  const once = { prompt: [user], chosen: [blue], rejected: [no] };
  const withSystem = { ...once, prompt: [system, user] };
  const whole = { chosen: [user, blue], rejected: [user, no] };
  const wholeWithSystem = { chosen: [system, user, blue], rejected: [system, user, no] };

  it.each([
    ['a text that differs by a line break', { prompt: 'Name a colour.\n', ...whole }, once],
    [
      'a message that differs by blanks',
      { prompt: [say('user', ' Name a colour. ')], ...whole },
      { ...once, prompt: [say('user', ' Name a colour. ')] },
    ],
    ['a system message in the prompt alone', { prompt: [system, user], ...whole }, withSystem],
    ['a system message in the answers alone', { prompt: [user], ...wholeWithSystem }, withSystem],
    ['a text, and a system message in the answers', { prompt: 'Name a colour.', ...wholeWithSystem }, withSystem],
    ['one side alone', { ...once, chosen: [user, blue] }, once],
    [
      'the other side alone, the prompt a text',
      { prompt: 'Name a colour.', chosen: [blue], rejected: [user, no] },
      once,
    ],
    [
      'the last turn of a longer prompt',
      { ...whole, prompt: [say('user', 'Hi'), say('assistant', 'Ho'), user] },
      { ...once, prompt: [say('user', 'Hi'), say('assistant', 'Ho'), user] },
    ],
    [
      'what all answers go on asking',
      { prompt: [say('user', 'Hi'), say('assistant', 'Ho')], ...whole },
      { ...once, prompt: [say('user', 'Hi'), say('assistant', 'Ho'), user] },
    ],
    ['conversations alone', wholeWithSystem, withSystem],
  ])('%s', (_, row, expected) => {
    expect(parseRow(row).pair).toEqual(expected);
  });

  it('are reported when something was cut', () => {
    expect(parseRow(once).mended).toEqual([]);
    expect(parseRow({ ...once, chosen: [user, blue] }).mended).toEqual(['prompt-repeated']);
    expect(parseRow({ prompt: [system, user], ...whole }).mended).toEqual(['prompt-repeated']);
  });

  it('of plain text are cut off the head of both answers, never within a word', () => {
    const prompt = 'Q: Name a colour.\nA:';
    const pair = { prompt, chosen: `${prompt} Blue.`, rejected: `${prompt} No.` };
    expect(parseRow(pair)).toEqual({
      pair: { prompt, chosen: ' Blue.', rejected: ' No.' },
      mended: ['prompt-repeated'],
    });
    const cases = [
      { prompt: 'The', chosen: 'The cat', rejected: 'The dog' },
      { prompt: 'Tell me of the Ring', chosen: 'Tell me of the Rings', rejected: 'Tell me of the Ringed' },
      { prompt, chosen: `${prompt} Blue.`, rejected: 'No.' },
      { prompt, chosen: prompt, rejected: `${prompt} No.` },
    ];
    for (const row of cases) expect(parseRow(row)).toEqual({ pair: row, mended: [] });
  });

  it.each([
    ['data.prompts-differ', 'another text', { prompt: 'Name a fish.', ...whole }],
    [
      'data.prompts-differ',
      'a system message of one side',
      { prompt: [user], chosen: [system, user, blue], rejected: [no] },
    ],
    [
      'data.prompts-differ',
      'two system messages',
      { ...once, prompt: [say('system', 'Be long.'), user], system: 'Be brief.' },
    ],
    [
      'data.not-an-answer',
      'two questions, one after another',
      { ...once, chosen: [say('user', 'And a fish?'), blue], rejected: [say('user', 'And a fish?'), no] },
    ],
    ['data.not-an-answer', 'an answer that ends by asking', { ...once, chosen: [blue, user] }],
    [
      'data.empty-answer',
      'an answer that ends in nothing',
      { chosen: [user, blue], rejected: [user, say('assistant', '')] },
    ],
    [
      'data.no-shared-beginning',
      'different questions',
      { chosen: [user, blue], rejected: [say('user', 'A fish?'), no] },
    ],
    [
      'data.no-shared-beginning',
      'different questions to one system message',
      { chosen: [system, user, blue], rejected: [system, say('user', 'A fish?'), no] },
    ],
  ])('are refused with %s: %s', (code, _, row) => {
    expect(codeOf(row)).toBe(code);
  });

  it('stand once in judged answers too', () => {
    const rows = [{ prompt: [user], completion: [system, user, blue], label: true }];
    expect(labelledDataset(rows).at(0)).toEqual({ prompt: [system, user], completion: [blue], label: true });
  });

  it('part before the turn of the assistant when later questions differ', () => {
    const chosen = [user, blue, say('user', 'Why?'), say('assistant', 'So.')];
    const rejected = [user, blue, say('user', 'How?'), say('assistant', 'Thus.')];
    expect(parseRow({ chosen, rejected })).toEqual({
      pair: { prompt: [user], chosen: chosen.slice(1), rejected: rejected.slice(1) },
      mended: ['split-before-answers'],
    });
  });
});

it('a parsed row is parsed again to itself, and no answer begins or ends by asking', () => {
  const message = fc.record({
    role: fc.constantFrom('system', 'user', 'user', 'assistant', 'assistant', 'tool'),
    content: fc.constantFrom('a', 'b', ' a', 'a\n', 'c'),
  });
  const messages = fc.array(message, { maxLength: 4 });
  const text = fc.constantFrom('a', 'a b c', 'a b c a b c', 'a b c d', 'a b c a b c d');
  const rows = fc.oneof(
    fc.record({
      prompt: fc.option(fc.oneof(messages, text), { nil: undefined }),
      chosen: messages,
      rejected: messages,
    }),
    fc.record({ prompt: text, chosen: text, rejected: text }),
  );
  fc.assert(
    fc.property(rows, (row) => {
      let pair: PreferencePair;
      try {
        pair = preferenceDataset([row as PreferencePair]).at(0);
      } catch (error) {
        expect(DpoError.is(error), String(error)).toBe(true);
        return;
      }
      expect(preferenceDataset([pair]).at(0)).toEqual(pair);
      for (const answer of [pair.chosen, pair.rejected]) {
        if (typeof answer === 'string') continue;
        expect(['user', 'system']).not.toContain(answer[0]?.role);
        expect(['user', 'system']).not.toContain(answer.at(-1)?.role);
      }
    }),
    { numRuns: 1000, seed: 16 },
  );
});

describe('conversations in texts', () => {
  const json = (...messages: readonly Message[]) => JSON.stringify(messages);

  it('are read when they are JSON, and reported', () => {
    const row = { prompt: json(user), chosen: json(blue), rejected: ` ${json(no)}\n` };
    expect(parseRow(row)).toEqual({
      pair: { prompt: [user], chosen: [blue], rejected: [no] },
      mended: ['conversation-as-text'],
    });
    const one = {
      prompt: JSON.stringify(user),
      chosen: JSON.stringify({ from: 'gpt', value: 'Blue.' }),
      rejected: json(no),
    };
    expect(parseRow(one).pair).toEqual({ prompt: [user], chosen: [blue], rejected: [no] });
  });

  it.each([
    "[{'role': 'assistant', 'content': 'Blue.'}]",
    "[{'content': 'Blue.', 'role': 'assistant'}\n {'content': \"It's\", 'role': 'user'}]",
    "array([{'from': 'gpt', 'value': 'Blue.'}], dtype=object)",
    '[{"role": "assistant", "content": "Blue."},]',
    "{'role': 'assistant', 'content': None}",
  ])('are refused when they are not: %s', (chosen) => {
    expect(codeOf({ prompt: 'Name a colour.', chosen, rejected: 'No.' })).toBe('data.conversation-as-text');
  });

  it.each([
    '{"role": "admin"}',
    "{'role': 'admin'}",
    '[{"a": 1}]',
    '{"role": 1, "content": 2}',
    '{ role: user }',
    '[]',
  ])('are no answers that look a little like them: %s', (chosen) => {
    const row = { prompt: 'Name a role.', chosen, rejected: 'No.' };
    expect(parseRow(row)).toEqual({ pair: row, mended: [] });
  });
});

it('roles in capitals and of other programs become roles of templates, and are reported', () => {
  const row = {
    chosen: [say('Human', 'Name a colour.'), say('GPT', 'Blue.')],
    rejected: [say('USER', 'Name a colour.'), say('model', 'No.')],
  };
  expect(parseRow(row)).toEqual({ pair: { prompt: [user], chosen: [blue], rejected: [no] }, mended: ['role-names'] });
  const critic = [say('critic', 'Good.'), say('assistant', 'Yes.')];
  expect(parseRow({ prompt: [user], chosen: critic, rejected: [no] })).toMatchObject({
    pair: { chosen: critic },
    mended: [],
  });
});

it("ShareGPT's function calls become tool calls", () => {
  const call = { from: 'function_call', value: '{"name": "f", "arguments": {"x": 1}}' };
  const conversations = [{ from: 'human', value: 'Hi' }, call, { from: 'observation', value: '7' }];
  expect(
    parseRow({ prompt: conversations, chosen: { from: 'gpt', value: 'a' }, rejected: { from: 'gpt', value: 'b' } }).pair
      .prompt,
  ).toEqual([
    say('user', 'Hi'),
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ type: 'function', function: { name: 'f', arguments: { x: 1 } } }],
    },
    say('tool', '7'),
  ]);
});

it.each([
  [[{ role: 'assistant' }], 'missing'],
  [[{ role: 'assistant', value: 'a' }], 'missing'],
  [[{ role: 'assistant', content: null }], 'null'],
  [[{ role: 'tool', content: null, name: 'f' }], 'null'],
  [[{ from: 'gpt', content: 'a' }], 'missing'],
])('messages without words are refused with their keys: %j', (chosen, what) => {
  expect(() => parseRow({ prompt: [user], chosen, rejected: [no] })).toThrow(
    expect.objectContaining({ code: 'data.wrong-type', message: expect.stringContaining(what) }),
  );
});
