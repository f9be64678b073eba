import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quotedKl } from './evaluation.js';
import { readEvaluation, writeEvaluation } from './evaluation-file.js';
import { sampleEvaluation } from './test/sample-report.js';
import { textStatistics } from './texts/text-statistics.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-evaluation-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('evaluation.json', () => {
  it('comes back as it was written', async () => {
    const evaluation = sampleEvaluation(4, 2);
    await writeEvaluation(folder, evaluation);
    expect(await readdir(folder)).toEqual(['evaluation.json']);
    expect(await readEvaluation(folder)).toEqual(evaluation);
  });

  it('keeps the exact KL and the form of the texts', async () => {
    const { after, before, ...rest } = sampleEvaluation(4, 2);
    const texts = textStatistics([{ index: 0, tokens: ['a', 'b'], ended: true }], 2);
    const evaluation = { ...rest, before, after: { ...after, exactKl: { ...after.kl, mean: 3 }, texts } };
    await writeEvaluation(folder, evaluation);
    const again = await readEvaluation(folder);
    expect(again?.after).toEqual(evaluation.after);
    expect([quotedKl(after).mean, again && quotedKl(again.after).mean]).toEqual([after.kl.mean, 3]);
  });

  it('keeps an unknown standard error unknown', async () => {
    const evaluation = sampleEvaluation(1, 2);
    expect(evaluation.gain.standardError).toBeNaN();
    await writeEvaluation(folder, evaluation);
    expect((await readEvaluation(folder))?.gain.standardError).toBeNaN();
  });

  it('is undefined in a folder without one', async () => {
    expect(await readEvaluation(folder)).toBeUndefined();
  });

  it.each([
    ['is not valid JSON', (text: string) => text.slice(0, -9)],
    ['version should be 1', (text: string) => text.replace('"version": 1', '"version": 2')],
    [
      'after.kl.mean should be a number',
      (text: string) => text.replace(/("after"[\s\S]*?"kl": {\s*"mean": )[^,]+/, '$1"x"'),
    ],
    ['rewards.before[0] should be a number', (text: string) => text.replace(/("rewards": {\s*"before": \[)/, '$1"x",')],
    ['words should be an object', (text: string) => text.replace('"words"', '"verbs"')],
    ['samples should be a list', (text: string) => text.replace('"samples": [', '"samples": {}, "old": [')],
  ])('says that it %s', async (why, damage) => {
    const path = await writeEvaluation(folder, sampleEvaluation(4, 2));
    await writeFile(path, damage(await readFile(path, 'utf8')));
    await expect(readEvaluation(folder)).rejects.toMatchObject({
      code: 'eval.bad-file',
      message: expect.stringContaining(why),
    });
  });
});
