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
  const found = JSON.parse(out.join('\n'));
  expect(Object.keys(found)).toEqual([
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
  expect(found).toMatchObject({
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

it('says first what may be said, then the figures and what was lost', async () => {
  await writeFile(path, `${lines.join('\n')}\n`);
  const { out } = await runCli(['eval', 'rescore', path]);
  expect(out[0]).toMatch(/^The model wins 62.5 % of 4 pairs \(95 % interval .*\): too few to say which is better/);
  expect(out.join('\n')).toContain('1 unparsable, 0 refused, 0 failed');
  expect(out.join('\n')).toContain('62.5 to 75.0 %');
});

it('goes on without a torn last line, takes the later of two askings, and says both', async () => {
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
