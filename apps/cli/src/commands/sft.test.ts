import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let inputs: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-sft-'));
  inputs = ['--model', await tinyModelFolder(join(folder, 'model')), '--data', await pairsFile(folder)];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const lines = async (name: string) =>
  (await readFile(at(name), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
const sft = (output: string, ...more: string[]) =>
  runCli([
    ...['sft', ...inputs, '--output', at(output), '--engine', 'cpu', '--no-tensorboard', '--no-shuffle'],
    ...[
      '--batch-size',
      '2',
      '--grad-accumulation',
      '2',
      '--learning-rate',
      '0.01',
      '--max-steps',
      '2',
      '--save-steps',
      '1',
      ...more,
    ],
  ]);

it('takes the mean over the answer tokens of a step, or over its answers', async () => {
  const score = await runCli(['score', ...inputs, '--out', at('scores.jsonl'), '--engine', 'cpu']);
  expect(score.code).toBe(0);
  const step = (await lines('scores.jsonl')).slice(0, 4);
  const sum = (key: string) => step.reduce((total, row) => total + (row[key] as number), 0);

  expect((await sft('tokens')).code).toBe(0);
  const [tokens] = await lines('tokens/metrics.jsonl');
  expect(tokens?.loss).toBeCloseTo(-sum('policyChosenLogp') / sum('chosenTokens'), 5);

  expect((await sft('answers', '--average-over', 'answers')).code).toBe(0);
  const [answers] = await lines('answers/metrics.jsonl');
  expect(answers?.loss).toBeCloseTo(-sum('policyChosenLogp') / 4, 4);
});

it('goes on with a run from before the choice only as it was', async () => {
  const path = at('answers/config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as { options: Record<string, unknown> };
  expect(config.options.averageOver).toBe('answers');
  const { averageOver: _, ...options } = config.options;
  await writeFile(path, JSON.stringify({ ...config, options }));
  const changed = await sft('answers', '--resume', '--max-steps', '3');
  expect(changed.code).toBe(1);
  expect(changed.notes.join()).toContain('--average-over was "answers", is "tokens"');
  expect((await sft('answers', '--resume', '--max-steps', '3', '--average-over', 'answers')).code).toBe(0);
});
