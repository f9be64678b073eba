import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const at = (name: string) => fileURLToPath(new URL(name, fixtures));
const reward = at('classifiers/qwen2');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-eval-rewards-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function dataFile(name: string, rows: readonly object[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

async function figures(args: readonly string[]) {
  const result = await runCli(['eval', 'rewards', ...args, '--json', '--precision', 'float32']);
  expect(result.code, result.notes.join('\n')).toBe(0);
  return JSON.parse(result.out.join('\n'));
}

const rows = [
  { prompt: 'Name a colour:', chosen: ' Blue.', rejected: ' I would rather not say.', source: 'short' },
  { prompt: 'Say four.', chosen: ' Four.', rejected: ' Five, or six, or any other number.', source: 'short' },
  { prompt: 'The film was', chosen: ' a joy from start to finish', rejected: ' dull', source: 'long' },
];

describe('dpo eval rewards', () => {
  it('measures a reward model on pairs, by subsets', async () => {
    const report = await figures(['--model', reward, '--data', await dataFile('pairs.jsonl', rows)]);
    expect(report).toMatchObject({ comparisons: 3, length_ruler: 1 / 3, ties: 0 });
    expect(Object.keys(report.subsets)).toEqual(['short', 'long']);
    expect(report.subsets.long).toMatchObject({ comparisons: 1, length_ruler: 1 });
    const swapped = rows.map(({ prompt, chosen, rejected }) => ({ prompt, chosen: rejected, rejected: chosen }));
    const other = await figures(['--model', reward, '--data', await dataFile('swapped.jsonl', swapped)]);
    expect(other.accuracy).toBeCloseTo(1 - report.accuracy, 12);
    expect(other.margin).toBeCloseTo(-report.margin, 5);
    // A row has the same margin alone and among other rows.
    const alone = await Promise.all(
      rows.map(async (row, i) => figures(['--model', reward, '--data', await dataFile(`row-${i}.jsonl`, [row])])),
    );
    expect(alone.reduce((sum, { margin }) => sum + margin, 0) / 3).toBeCloseTo(report.margin, 5);
  });

  it('reads files of RewardBench 1: subsets and sections', async () => {
    const bench = rows.map(({ source: _, ...row }, i) => ({
      ...{ ...row, chosen_model: 'a', rejected_model: 'b', id: i },
      subset: i < 2 ? 'alpacaeval-easy' : 'donotanswer',
    }));
    const report = await figures(['--model', reward, '--data', await dataFile('bench-1.jsonl', bench)]);
    expect(Object.keys(report.subsets)).toEqual(['alpacaeval-easy', 'donotanswer']);
    expect(report.sections).toEqual({
      Chat: report.subsets['alpacaeval-easy'].accuracy,
      Safety: report.subsets.donotanswer.accuracy,
    });
  });

  it('reads files of RewardBench 2: the best of n, and ties', async () => {
    const wrong = [' no', ' never', ' a table'];
    const list = (id: string, subset: string, chosen: readonly string[]) => ({
      ...{ id, prompt: 'Name a colour:', chosen, rejected: wrong, num_correct: chosen.length, num_rejected: 3 },
      ...{ total_completions: chosen.length + 3, models: ['a'], subset, additional_metadata: null },
    });
    const bench = [
      list('1', 'Math', [' Blue.']),
      list('ref:0', 'Ties', [' Red.']),
      list('tied:0', 'Ties', [' Red.', ' Green.', ' Blue.']),
    ];
    const report = await figures(['--model', reward, '--data', await dataFile('bench-2.jsonl', bench)]);
    expect(report.comparisons).toBe(3);
    expect(Object.keys(report.subsets)).toEqual(['Math', 'Ties']);
    expect(report.ties_score).toMatchObject({ overall: expect.any(Number) });
  });

  it('measures the implicit reward of a policy: 0 when the policy is its reference', async () => {
    const data = await dataFile('implicit.jsonl', rows);
    const model = at('trl/bytes');
    const same = await figures(['--model', model, '--ref', model, '--data', data]);
    expect(same).toMatchObject({ accuracy: 0.5, ties: 3, margin: 0, calibration_error: 0 });
    expect(same.log_loss).toBeCloseTo(Math.LN2, 6);
    const sft = join(folder, 'sft');
    const training = await runCli([
      ...['sft', '--model', model, '--data', data, '--output', sft, '--max-steps', '2', '--batch-size', '2'],
      ...['--learning-rate', '0.01', '--precision', 'float32'],
    ]);
    expect(training.code, training.notes.join('\n')).toBe(0);
    const pair = ['--model', join(sft, 'final'), '--ref', model, '--data', data];
    const scores = await runCli(['score', ...pair, '--beta', '0.3', '--precision', 'float32']);
    const margins = scores.out.map((line) => JSON.parse(line).margin as number);
    const report = await figures([...pair, '--beta', '0.3']);
    expect(Math.abs(report.margin)).toBeGreaterThan(1e-4);
    expect(report.margin).toBeCloseTo(margins.reduce((sum, margin) => sum + margin, 0) / 3, 4);
  });

  it('says what is missing', async () => {
    const data = await dataFile('lacking.jsonl', rows);
    const policy = await runCli(['eval', 'rewards', '--model', at('trl/bytes'), '--data', data]);
    expect(policy.code).toBe(2);
    expect(policy.notes.join('\n')).toContain('needs --ref');
    const equal = [{ prompt: 'a', responses: ['b', 'c'], scores: [1, 1] }];
    const none = await runCli(['eval', 'rewards', '--model', reward, '--data', await dataFile('equal.jsonl', equal)]);
    expect(none.notes.join('\n')).toContain('no answer that is better than another');
  });
});
