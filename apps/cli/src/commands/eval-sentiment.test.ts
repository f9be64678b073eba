import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

const classifiers = new URL('../../../../tooling/parity/fixtures/classifiers/', import.meta.url);

let folder: string;
let common: string[];
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-sentiment-'));
  const [policy, reference] = [await tinyModelFolder(at('policy'), 1), await tinyModelFolder(at('reference'), 2)];
  await writeFile(at('prompts.jsonl'), ['One', 'Two', 'Three'].map((prompt) => JSON.stringify({ prompt })).join('\n'));
  const drawing = ['--samples', '4', '--max-new-tokens', '8', '--engine', 'cpu', '--header', ''];
  common = ['--model', policy, '--ref', reference, '--prompts', at('prompts.jsonl'), ...drawing];
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const sentiment = (...more: string[]) => runCli(['eval', 'sentiment', ...common, ...more]);

describe('dpo eval sentiment', () => {
  it('has the exact KL with the sampled one as a check, and the form of the texts', async () => {
    const { code, out, notes } = await sentiment('--json');
    expect([code, notes.filter((note) => note.startsWith('Error'))]).toEqual([0, []]);
    const { before, after } = JSON.parse(out.join('\n'));
    expect(after.exactKl.mean).toBeGreaterThan(0);
    expect(before.exactKl.mean).toBe(0);
    // Two estimates of one number, the exact one with the smaller error.
    const apart = Math.abs(after.exactKl.mean - after.kl.mean);
    expect(apart).toBeLessThan(4 * Math.hypot(after.exactKl.standardError, after.kl.standardError));
    expect(after.exactKl.independentError).toBeLessThan(after.kl.independentError);
    for (const { texts } of [before, after]) {
      expect(texts.length.count).toBe(12);
      expect(texts.distinct[0]).toBeGreaterThan(0);
      expect(texts.distinctTokens).toBe(Math.min(...[before, after].map((side) => 12 * side.texts.length.mean)));
    }
  }, 60_000);

  it('takes a function from the user’s file as its reward, in text and report', async () => {
    await writeFile(at('longer.mjs'), 'export default async (texts) => texts.map((text) => text.length);\n');
    const { code, out } = await sentiment('--reward', at('longer.mjs'), '--run', at('run'));
    expect(code).toBe(0);
    for (const line of ['  as sampled', 'Distinct-1, 2, 3', 'Self-BLEU', 'Ended texts'])
      expect(
        out.some((text) => text.startsWith(line)),
        line,
      ).toBe(true);
    const { reward, rewards } = JSON.parse(await readFile(at('run/evaluation.json'), 'utf8'));
    expect(reward).toBe(`${at('longer.mjs')} of opening and continuation`);
    expect(Math.min(...rewards.after)).toBeGreaterThanOrEqual(3);
    const page = await readFile(at('run/report.html'), 'utf8');
    for (const part of ['Form of the texts', 'KL, exact at each token', 'Repeated 4-grams'])
      expect(page).toContain(part);
  }, 60_000);

  it('takes the folder of a classifier', async () => {
    const { code, out } = await sentiment('--reward', fileURLToPath(new URL('roberta', classifiers)), '--json');
    expect(code).toBe(0);
    const { rewards } = JSON.parse(out.join('\n'));
    for (const reward of rewards.after) expect(reward > 0 && reward < 1).toBe(true);
  }, 60_000);

  it.each([
    ['export const other = 1;', 'exports no function'],
    ['export default (texts) => texts.slice(1).map(() => 0);', 'gave 11 numbers for 12 texts'],
    ['export const reward = (texts) => texts.map(() => Number.NaN);', 'gave NaN for text 0'],
    ['export default (texts) => 1;', 'gave number for 12 texts'],
    ['export default (', 'cannot be loaded'],
  ])(
    'refuses a file that is no reward: %s',
    async (source, why) => {
      const file = at(`bad-${why.length}-${source.length}.mjs`);
      await writeFile(file, source);
      const { code, out, notes } = await sentiment('--reward', file);
      expect([code, out]).toEqual([1, []]);
      expect(notes.join('\n')).toContain(why);
    },
    60_000,
  );

  it('refuses a missing reward, before anything is drawn', async () => {
    const { code, notes } = await sentiment('--reward', at('none'));
    expect(code).toBe(1);
    expect(notes.join('\n')).toContain(at('none'));
    expect(notes.join('\n')).not.toContain('Sampling');
  });
});
