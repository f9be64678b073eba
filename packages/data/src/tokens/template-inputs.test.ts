import type { Message } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import { labelledDataset, preferenceDataset, rankedDataset } from '../rows/dataset.js';
import { parsePrompt } from '../rows/prompt-row.js';
import type { PreferencePair } from '../rows/types.js';
import { byteTokenizer } from '../test/index.js';
import { encodePairs, encodePrompts } from './encode.js';
import { encodeAnswers, encodeRankings } from './encode-rows.js';

const chat = byteTokenizer({ chat: true });
const say = (role: string, content: string): Message => ({ role, content });
const call = {
  role: 'assistant',
  content: null,
  tool_calls: [{ function: { name: 'weather', arguments: { city: 'Bern' } } }],
};
const inputs = {
  tools: [{ type: 'function', function: { name: 'weather' } }],
  templateVariables: { enable_thinking: false },
};
const prompt = [say('user', 'Hi')];
const variablesText = '{"enable_thinking":false,"tools":[{"type":"function","function":{"name":"weather"}}]}';

describe("a row's inputs for the chat template", () => {
  it('reach the prompt of every kind of row, and of generation', () => {
    const promptText = `${variablesText}[user] Hi</s>[assistant] `;
    const [pair] = encodePairs([{ prompt, chosen: [call], rejected: [say('assistant', 'No')], ...inputs }], chat);
    expect(chat.decode(pair?.prompt ?? [])).toBe(promptText);
    expect(chat.decode(pair?.chosen ?? [])).toBe(`${JSON.stringify({ tool_calls: call.tool_calls })}</s>`);
    const list = { prompt, responses: [[say('assistant', 'a')], [say('assistant', 'b')]], scores: [1, 2] };
    expect(chat.decode(encodeRankings([{ ...list, ...inputs }], chat)[0]?.prompt ?? [])).toBe(promptText);
    const answer = { prompt, completion: [say('assistant', 'a')], label: true };
    const other = { ...answer, prompt: [say('user', 'Ho')] };
    expect(chat.decode(encodeAnswers([{ ...answer, ...inputs }, other], chat)[0]?.prompt ?? [])).toBe(promptText);
    expect(chat.decode(encodePrompts([{ prompt, ...inputs }], chat)[0]?.tokens ?? [])).toBe(promptText);
  });

  it('are kept by datasets in memory, and change their fingerprints', () => {
    const pair: PreferencePair = { prompt, chosen: [call], rejected: [say('assistant', 'No')], ...inputs };
    const whole = preferenceDataset([pair]);
    expect(whole.at(0)).toEqual(pair);
    const { tools: _, ...without } = pair;
    const others: readonly PreferencePair[] = [
      without,
      { ...pair, templateVariables: { enable_thinking: true } },
      { ...pair, chosen: [{ ...call, tool_calls: [] }] },
      { ...pair, chosen: [{ ...call, name: 'x' }] },
      // A template that prints whole messages prints their keys in the messages' order.
      {
        ...pair,
        chosen: [{ ...call, name: 'x' }].map(({ role, content, tool_calls, name }) => ({
          name,
          role,
          content,
          tool_calls,
        })),
      },
      { ...pair, chosen: [{ role: 'assistant', content: 'a' }] },
      { ...pair, chosen: [{ content: 'a', role: 'assistant' }] },
    ];
    const prints = [whole, ...others.map((other) => preferenceDataset([other]))].map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    expect(
      rankedDataset([{ prompt, responses: [[call], [say('assistant', 'b')]], scores: [1, 2], ...inputs }]).at(0),
    ).toMatchObject(inputs);
    expect(labelledDataset([{ prompt, completion: [call], label: true, ...inputs }]).at(0)).toMatchObject(inputs);
  });

  it('are JSON or its text, and absent when empty or null', () => {
    const place = { row: 0, path: 'p.jsonl', line: 1 };
    const row = {
      prompt,
      tools: JSON.stringify(inputs.tools),
      chat_template_kwargs: JSON.stringify(inputs.templateVariables),
    };
    expect(parsePrompt(row, place)).toEqual({ prompt, ...inputs });
    expect(parsePrompt({ prompt, tools: inputs.tools.map((tool) => JSON.stringify(tool)) }, place)).toEqual({
      prompt,
      tools: inputs.tools,
    });
    expect(parsePrompt({ prompt, tools: [], chat_template_kwargs: null }, place)).toEqual({ prompt });
    expect(parsePrompt('Hi', place)).toEqual({ prompt: 'Hi' });
  });

  it('come with system and history before the prompt, and unused keys are reported', () => {
    const aside: string[] = [];
    const row = { prompt: 'Hi', system: 'Be brief.', history: [['a', 'b']], topic: 'x', note: null };
    expect(parsePrompt(row, { row: 0 }, (key) => void aside.push(key))).toEqual({
      prompt: [say('system', 'Be brief.'), say('user', 'a'), say('assistant', 'b'), say('user', 'Hi')],
    });
    expect(aside).toEqual(['topic']);
  });

  it.each([
    ['data.wrong-type', { prompt, tools: 'weather' }],
    ['data.wrong-type', { prompt, tools: [1] }],
    ['data.wrong-type', { prompt, chat_template_kwargs: [] }],
    ['data.not-for-plain-text', { prompt: 'Hi', tools: inputs.tools }],
    ['data.broken-row', { prompt: 7 }],
    ['data.missing-column', { promt: 'Hi' }],
    ['data.empty-prompt', { prompt: [] }],
  ])('are refused with %s: %j', (code, row) => {
    expect(() => parsePrompt(row, { row: 3, path: 'p.jsonl', line: 4 })).toThrow(
      expect.objectContaining({ code, values: expect.objectContaining({ line: 4 }) }),
    );
  });
});
