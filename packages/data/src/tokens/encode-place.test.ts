import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpoError, type Message, type Tokenizer } from '@dpo/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validateDataset } from '../checks/validate.js';
import { readLabelled, readPreferences, readRanked } from '../files/read.js';
import { preferenceDataset } from '../rows/dataset.js';
import { filterPreferences } from '../select/filter.js';
import { mixPreferences } from '../select/mix.js';
import { splitByPrompt } from '../select/split.js';
import { byteTokenizer } from '../test/byte-tokenizer.js';
import { encodePairs, encodePrompts } from './encode.js';
import { encodeAnswers, encodeRankings } from './encode-rows.js';

/** A chat template that raises on system messages. */
const refuse = (messages: readonly Message[]): string => {
  if (messages.some(({ role }) => role === 'system')) {
    throw new DpoError('tokenizer.template-failed', 'The chat template refuses the conversation.', {
      values: { line: 4 },
    });
  }
  return 'text';
};
const tokenizer: Tokenizer = {
  ...byteTokenizer(),
  chat: { prompt: refuse, answer: (prompt, answer) => refuse([...prompt, ...answer]) },
};

const user = { role: 'user', content: 'Name a colour.' };
const bad = { role: 'system', content: 'Be brief.' };
const answer = (content: string) => [{ role: 'assistant', content }];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-place-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Two good rows with a blank line between them, and a bad row in line 4. */
async function file(name: string, row: (first: object) => object): Promise<string> {
  const path = join(folder, name);
  const lines = [JSON.stringify(row(user)), '', JSON.stringify(row(user)), JSON.stringify(row(bad))];
  await writeFile(path, lines.join('\n'));
  return path;
}

function errorOf(run: () => unknown): DpoError {
  try {
    run();
  } catch (error) {
    if (DpoError.is(error)) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

describe('an error of the chat template', () => {
  const pair = (first: object) => ({ prompt: [first, user], chosen: answer('Blue.'), rejected: answer('No.') });

  it('names the file and the line of filtered, mixed and split rows too', async () => {
    const [dataset, other] = [
      await readPreferences(await file('a.jsonl', pair)),
      await readPreferences(await file('b.jsonl', pair)),
    ];
    const split = splitByPrompt(dataset, { fraction: 0.5 });
    const sets = {
      filtered: filterPreferences(dataset, { maxPromptCharacters: 1000 }),
      mixed: mixPreferences([
        { dataset, weight: 1 },
        { dataset: other, weight: 1 },
      ]),
      again: preferenceDataset(filterPreferences(dataset, {})),
      half: [split.train, split.heldOut].find((part) => part.length === 1) ?? split.train,
    };
    for (const rows of Object.values(sets)) {
      const error = errorOf(() => encodePairs(rows, tokenizer));
      expect(error.message).toMatch(/[ab]\.jsonl, line 4: /);
    }
    const last = filterPreferences(dataset, { minAnswerCharacters: 1 });
    expect(last.placeOf?.(2)).toMatchObject({ row: 2, line: 4 });
    expect('placeOf' in filterPreferences([...dataset], {})).toBe(false);
  });

  it('names the file, the line and the row of a pair', async () => {
    const path = await file('pairs.jsonl', pair);
    const dataset = await readPreferences(path);
    for (const run of [() => encodePairs(dataset, tokenizer), () => validateDataset(dataset, { tokenizer })]) {
      const error = errorOf(run);
      expect(error.code).toBe('tokenizer.template-failed');
      expect(error.message).toBe(`${path}, line 4: row 2: prompt: The chat template refuses the conversation.`);
      expect(error.values).toMatchObject({ path, line: 4, row: 2 });
    }
  });

  it('names file, line and row of a ranked list and of a judged answer', async () => {
    const ranked = await file('ranked.jsonl', (first) => ({
      prompt: [first, user],
      responses: [answer('Blue.'), answer('No.')],
      scores: [1, 0],
    }));
    const lists = await readRanked(ranked);
    expect(errorOf(() => encodeRankings(lists, tokenizer)).message).toMatch(/ranked\.jsonl, line 4: row 2: prompt: /);
    const judged = await file('judged.jsonl', (first) => ({
      prompt: [first, user],
      completion: answer('Blue.'),
      label: true,
    }));
    const answers = await readLabelled(judged);
    expect(errorOf(() => encodeAnswers(answers, tokenizer)).message).toMatch(/judged\.jsonl, line 4: row 2: prompt: /);
  });

  it('names the row alone when rows come from no file', () => {
    expect(errorOf(() => encodePrompts([[user], [bad, user]], tokenizer)).message).toBe(
      'row 1: prompt: The chat template refuses the conversation.',
    );
    const rows = Object.assign([[user], [bad, user]], {
      placeOf: (row: number) => ({ path: 'p.jsonl', row, line: row + 5 }),
    });
    expect(errorOf(() => encodePrompts(rows, tokenizer)).message).toMatch(/^p\.jsonl, line 6: row 1: prompt: /);
  });
});
