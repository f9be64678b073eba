import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { promptName } from './answer.js';
import { pairAnswers } from './pair-answers.js';
import { readAnswers } from './read-answers.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-answers-'));
  path = join(folder, 'answers.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const chat = [{ role: 'user', content: 'Hi' }];

describe('reading answers', () => {
  it('takes files of other programs, and messages', async () => {
    const rows = [
      { index: 0, sample: 0, prompt: 'P', text: 'T', temperature: 0.5 },
      { instruction: 'P', output: 'O', generator: 'm' },
      { prompt_id: 7, prompt: chat, response: [{ role: 'assistant', content: 'R' }] },
    ];
    await writeFile(path, `${rows.map((row) => JSON.stringify(row)).join('\n\n')}\n`);
    expect(await readAnswers(path)).toEqual([
      { prompt: 'P', text: 'T', promptId: undefined, temperature: 0.5 },
      { prompt: 'P', text: 'O', promptId: undefined, temperature: undefined },
      { prompt: chat, text: 'R', promptId: '7', temperature: undefined },
    ]);
  });

  it.each([
    ['', 'eval.no-answers', 'has no answers'],
    ['{"prompt":"P"}', 'eval.bad-answer', 'line 1: the answer is missing'],
    ['{"text":"T"}', 'eval.bad-answer', 'line 1: the prompt is missing'],
    ['{"prompt":"P","text":"T"}\n{"pro', 'eval.bad-answer', 'line 2: not valid JSON'],
    ['{"prompt":"P","text":3}', 'eval.bad-answer', 'text should be a text'],
    ['{"prompt":"P","text":"T","temperature":"hot"}', 'eval.bad-answer', 'temperature should be'],
    ['[1]', 'eval.bad-answer', 'not a JSON object'],
  ])('refuses %s', async (content, code, says) => {
    await writeFile(path, content);
    await expect(readAnswers(path)).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
  });
});

describe('pairing answers', () => {
  it('is by the text of prompts, in whatever order the files are', () => {
    const { pairs, unused } = pairAnswers(
      [
        { prompt: 'a', text: 'A' },
        { prompt: chat, text: 'C', promptId: 'chat' },
      ],
      [
        { prompt: 'z', text: 'no' },
        { prompt: [...chat], text: 'c' },
        { prompt: 'a', text: 'x', temperature: 1 },
      ],
    );
    expect(pairs).toEqual([
      { promptId: promptName('a'), prompt: 'a', model: 'A', baseline: 'x', temperature: undefined },
      { promptId: 'chat', prompt: chat, model: 'C', baseline: 'c', temperature: undefined },
    ]);
    expect(unused).toBe(1);
  });

  it('numbers several answers to a prompt, each temperature by itself, and prefers the same temperature', () => {
    const { pairs } = pairAnswers(
      [
        { prompt: 'a', text: 'A0', temperature: 0 },
        { prompt: 'a', text: 'A1', temperature: 1 },
        { prompt: 'a', text: 'A2', temperature: 1 },
        { prompt: 'a', text: 'A3', temperature: 1 },
      ],
      [
        { prompt: 'a', text: 'x', temperature: 1 },
        { prompt: 'a', text: 'y', temperature: 1 },
        { prompt: 'a', text: 'z', temperature: 0 },
      ],
    );
    expect(pairs.map(({ model, baseline, sample = 0 }) => [model, baseline, sample])).toEqual([
      ['A0', 'z', 0],
      ['A1', 'x', 0],
      ['A2', 'y', 1],
      ['A3', 'x', 2],
    ]);
  });

  it('refuses prompts that the baseline lacks, and names that two prompts share', () => {
    const answers = [
      { prompt: 'a', text: 'A', promptId: '1' },
      { prompt: 'b', text: 'B', promptId: '1' },
    ];
    expect(() => pairAnswers(answers, [{ prompt: 'a ', text: 'x' }])).toThrow(
      expect.objectContaining({ code: 'eval.other-prompts', values: { lacking: 2, prompts: 2, prompt: 'a' } }),
    );
    expect(() => pairAnswers(answers, answers)).toThrow(expect.objectContaining({ code: 'eval.prompt-name' }));
  });
});
