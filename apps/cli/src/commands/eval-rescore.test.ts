import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-rescore-'));
  path = join(folder, 'verdicts.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

// Both orders of four prompts; the model wins a and b, c is split by position, and d's second order is lost.
const lines = [
  ['a', 'model', 'first', 300, 200],
  ['a', 'baseline', 'second', 300, 200],
  ['b', 'model', 'first', 100, 150],
  ['b', 'baseline', 'second', 100, 150],
  ['c', 'model', 'first', 120, 130],
  ['c', 'baseline', 'first', 120, 130],
  ['d', 'model', 'second', 90, 80],
  ['d', 'baseline', 'unparsable', 90, 80],
].map(([prompt_id, first, verdict, model_length, baseline_length]) =>
  JSON.stringify({ prompt_id, first, repetition: 0, verdict, model_length, baseline_length }),
);

it('prints one object for scripts, the same for the same seed', async () => {
  await writeFile(path, `${lines.join('\n')}\n`);
  const { code, out, notes } = await runCli(['eval', 'rescore', path, '--json']);
  expect([code, notes]).toEqual([0, []]);
  const figures = JSON.parse(out.join('\n'));
  expect(Object.keys(figures)).toEqual([
    'prompts',
    'win_rate',
    'standard_error',
    'interval',
    'length_controlled_win_rate',
    'length_controlled_interval',
    'longer_wins',
    'first_position_rate',
    'consistency',
    'unparsable',
    'bounds',
    'smallest_difference',
  ]);
  expect(figures).toMatchObject({
    prompts: 4,
    win_rate: 2.5 / 4,
    longer_wins: (1 + 0 + 0.5 + 0) / 4,
    first_position_rate: 4 / 7,
    consistency: 2 / 3,
    unparsable: 1,
    bounds: [2.5 / 4, 3 / 4],
  });
  expect((await runCli(['eval', 'rescore', path, '--json'])).out).toEqual(out);
});

it('prints the conclusion first, then the figures and the lost verdicts', async () => {
  await writeFile(path, `${lines.join('\n')}\n`);
  const { out } = await runCli(['eval', 'rescore', path]);
  expect(out[0]).toMatch(/^The model wins 62.5 % of 4 pairs \(95 % interval .*\): too few to say which is better/);
  expect(out.join('\n')).toContain('1 unparsable, 0 refused, 0 failed');
  expect(out.join('\n')).toContain('62.5 to 75.0 %');
});

it('leaves out a torn last line, takes the last line of a verdict, and notes both', async () => {
  await writeFile(path, `${[...lines, lines[0], lines[1]?.slice(0, 30)].join('\n')}`);
  const { code, notes } = await runCli(['eval', 'rescore', path, '--json']);
  expect(code).toBe(0);
  expect(notes.join('\n')).toContain('The last line of');
  expect(notes.join('\n')).toContain('has 1 more lines than verdicts');
});

it('names a broken line in the middle', async () => {
  await writeFile(path, [lines[0], lines[1]?.slice(0, 30), lines[2]].join('\n'));
  const { code, out, notes } = await runCli(['eval', 'rescore', path]);
  expect([code, out]).toEqual([1, []]);
  expect(notes.join('\n')).toContain('line 2');
});

// Anna votes on a (for the model), b (against) and c (tie); ben on a alone, for the model, after he took another vote back.
const votes = [
  { prompt_id: 'a', first: 'model', rater: 'anna', vote: 'A' },
  { prompt_id: 'b', first: 'baseline', rater: 'anna', vote: 'A' },
  { prompt_id: 'c', first: 'model', rater: 'anna', vote: 'both_bad' },
  { prompt_id: 'a', first: 'baseline', rater: 'ben', vote: 'A' },
  { rater: 'ben', vote: 'undo' },
  { prompt_id: 'a', first: 'baseline', rater: 'ben', vote: 'B' },
  { prompt_id: 'd', first: 'baseline', rater: 'ben', vote: 'skip' },
].map((vote) => JSON.stringify(vote));

it('compares people with the judge, under a key of their own', async () => {
  const human = join(folder, 'votes.jsonl');
  const more = lines.map((line) => line.replace(/"prompt_id":"(.)"/, '"prompt_id":"$1$1"'));
  await writeFile(path, `${[...lines, ...more].join('\n')}\n`);
  await writeFile(human, `${votes.join('\n')}\n`);
  const { code, out } = await runCli(['eval', 'rescore', path, '--human', human, '--json']);
  expect(code).toBe(0);
  const { human: people, ...rest } = JSON.parse(out.join('\n'));
  const alone = await runCli(['eval', 'rescore', path, '--json']);
  expect(rest).toEqual(JSON.parse(alone.out.join('\n')));
  // The judge: a and b for the model, c a tie. People: a for the model, twice; b against; c a tie.
  expect(people).toMatchObject({
    raters: ['anna', 'ben'],
    pairs: 3,
    judgements: 4,
    agreement: 3 / 4,
    alpha: null, // both raters say the same of the only pair that both judged
    prevalence: { model: 2 / 4, baseline: 1 / 4, tie: 1 / 4 },
    judge_prevalence: { model: 3 / 4, baseline: 0, tie: 1 / 4 },
    win_rate: 1.5 / 3,
    judge_win_rate: 2.5 / 3,
    labelled: 3,
    unlabelled: 5,
  });
  const chance = (2 * 3 + 1 * 0 + 1 * 1) / 16;
  expect(people.kappa).toBeCloseTo((3 / 4 - chance) / (1 - chance), 12);
  const text = (await runCli(['eval', 'rescore', path, '--human', human])).out.join('\n');
  expect(text).toContain('Corrected by people, the model wins');
  expect(text).toContain('75.0 % of 4 judgements, Cohen’s κ');
});

it('reads votes as any verdicts', async () => {
  await writeFile(path, `${votes.join('\n')}\n`);
  const { out } = await runCli(['eval', 'rescore', path, '--json']);
  expect(JSON.parse(out.join('\n'))).toMatchObject({ prompts: 3, win_rate: 1.5 / 3, bounds: [0.5, 0.5] });
});

it('refuses votes on other pairs than the verdicts, and names a missing file', async () => {
  const human = join(folder, 'votes.jsonl');
  await writeFile(path, `${lines.join('\n')}\n`);
  const missing = await runCli(['eval', 'rescore', path, '--human', human]);
  expect([missing.code, missing.out]).toEqual([1, []]);
  expect(missing.notes.join('\n')).toContain(human);
  await writeFile(human, `${votes.map((vote) => vote.replace('"prompt_id":"', '"prompt_id":"z')).join('\n')}\n`);
  const other = await runCli(['eval', 'rescore', path, '--human', human]);
  expect([other.code, other.out]).toEqual([1, []]);
  expect(other.notes.join('\n')).toContain('No pair was judged by both');
});
