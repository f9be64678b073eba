import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let args: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-plan-'));
  const model = await tinyModelFolder(join(folder, 'model'));
  args = [
    'train',
    '--plan',
    '--model',
    model,
    '--data',
    await pairsFile(folder),
    '--engine',
    'cpu',
    '--batch-size',
    '4',
  ];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function plan(...more: string[]) {
  const { code, out, notes } = await runCli([...args, ...more, '--json']);
  expect(code, notes.join('\n')).toBe(0);
  return JSON.parse(out.join('\n'));
}

/** A GPT-2 of width 16, one layer, 64 positions, and the vocabulary of the tiny tokenizer. */
const weights = (vocabulary: number) => 16 * (vocabulary + 64) + 16 * 16 * 12 + 16 * 13 + 2 * 16;

it('counts memory and bytes by the formulas, and writes nothing', async () => {
  const before = await readdir(folder, { recursive: true });
  const whole = await plan('--workers', '4', '--bandwidth', '1');
  const numbers = whole.memory.weights / 4;
  const vocabulary = (numbers - weights(0)) / 16;
  expect(Number.isInteger(vocabulary) && vocabulary > 0).toBe(true);
  expect(whole.memory).toMatchObject({ gradients: 4 * numbers, optimizer: 8 * numbers });
  // The gradients once around the ring and back, and some short lists.
  const lists = 3 * 512 * (whole.exchanges - 1);
  expect(whole.bytes).toBe(1.5 * 4 * numbers + lists);
  expect(whole.seconds.total).toBe(whole.seconds.alone + whole.seconds.exchanges);
  expect(whole.examples).toBe(4);
  const divided = await plan('--workers', '4', '--bandwidth', '1', '--shard-optimizer');
  expect(divided.memory.optimizer).toBe(2 * numbers);
  expect(divided.bytes).toBeGreaterThan(whole.bytes + 0.75 * 4 * numbers * 0.9);
  const slow = await plan('--workers', '4', '--bandwidth', '0.001', '--delay', '5');
  expect(slow.seconds.exchanges).toBeGreaterThan(whole.seconds.exchanges + (8 * whole.bytes) / 1e6 / 2);
  expect(await readdir(folder, { recursive: true })).toEqual(before);
}, 60_000);

it('plans references that a run computes before its first step', async () => {
  const { code, out } = await runCli([...args, '--precompute-reference']);
  expect([code, out[0]]).toEqual([0, 'Each of 2 workers, a step of 4 examples:']);
  expect(out.join('\n')).toContain('on wire');
}, 60_000);

it.each([
  [['--workers', '8'], 1, '4 examples cannot be shared by 8 workers'],
  [['--bandwidth', '0'], 2, '--bandwidth'],
])('%j is refused', async (more, exit, says) => {
  const { code, notes } = await runCli([...args, ...more]);
  expect(code).toBe(exit);
  expect(notes.join('\n')).toContain(says);
});

it('options of a plan need a plan', async () => {
  const { code, notes } = await runCli(['train', '--model', 'm', '--data', 'd', '--output', 'o', '--workers', '3']);
  expect(code).toBe(2);
  expect(notes.join('\n')).toContain('--workers is about a plan: it needs --plan.');
});
