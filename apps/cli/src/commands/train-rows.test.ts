import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let model: string;
let pairs: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-rows-'));
  pairs = await pairsFile(folder);
  model = await tinyModelFolder(join(folder, 'model'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const train = (data: string, output: string, ...more: string[]) =>
  runCli([
    ...['train', '--model', model, '--data', data, '--output', at(output), '--batch-size', '4', '--engine', 'cpu'],
    ...['--max-steps', '3', '--learning-rate', '0.01', ...more],
  ]);
const metrics = async (run: string) =>
  (await readFile(at(`${run}/metrics.jsonl`), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, number>>);

it('KTO: from pairs to judged answers to a trained model, with the reference online and from before', async () => {
  expect((await runCli(['data', 'convert', pairs, at('answers.arrow'), '--answers'])).notes).toEqual([
    `Wrote 24 answers to ${at('answers.arrow')}.`,
  ]);
  const { code, notes } = await train(
    at('answers.arrow'),
    'kto',
    '--method',
    'kto',
    '--eval-data',
    at('answers.arrow'),
  );
  expect(notes.join('\n')).toContain('24 answers, 3 steps of 4');
  expect(code).toBe(0);
  await train(at('answers.arrow'), 'before', '--method', 'kto', '--precompute-reference');
  const [online, before] = [await metrics('kto'), await metrics('before')];
  expect(online[0]).toMatchObject({ loss: 0.5, kl: 0 });
  expect(online[2]?.eval_kl).toBeGreaterThanOrEqual(0);
  before.forEach(({ loss, kl }, i) => {
    expect(loss).toBeCloseTo(online[i]?.loss as number, 5);
    expect(kl).toBeCloseTo(online[i]?.kl as number, 5);
  });
});

it('Plackett–Luce: from ranked lists of different lengths', async () => {
  const lists = Array.from({ length: 8 }, (_, i) => {
    const responses = Array.from({ length: 2 + (i % 3) }, (_, k) => ` answer ${k}`);
    return { prompt: `Q${i}:`, responses, scores: responses.map((_, k) => -k) };
  });
  await writeFile(at('lists.jsonl'), lists.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { code, notes } = await train(at('lists.jsonl'), 'pl', '--method', 'plackett-luce', '--precompute-reference');
  expect(notes.join('\n')).toContain('8 rankings, 3 steps of 4');
  expect(code).toBe(0);
  const [first, , last] = await metrics('pl');
  // Two functions compute policy and reference, and round in their own ways.
  expect(first?.['rewards/margins']).toBeCloseTo(0, 6);
  expect(last?.['rewards/margins']).toBeGreaterThan(0);
});

it('margins and weights of the rows, with --row-margins and --row-weights', async () => {
  const rows = (await readFile(pairs, 'utf8')).trimEnd().split('\n');
  const withNumbers = rows.map((row) => `${JSON.stringify({ ...JSON.parse(row), margin: 2, weight: 3 })}\n`);
  await writeFile(at('numbers.jsonl'), withNumbers.join(''));
  expect((await train(at('numbers.jsonl'), 'plain')).code).toBe(0);
  expect((await train(at('numbers.jsonl'), 'both', '--row-margins', '--row-weights')).code).toBe(0);
  expect((await metrics('plain'))[0]?.loss).toBeCloseTo(Math.LN2, 6);
  // 3 · −log σ(0 − 2)
  expect((await metrics('both'))[0]?.loss).toBeCloseTo(3 * Math.log1p(Math.exp(2)), 5);
  const none = await train(pairs, 'none', '--row-weights');
  expect([none.code, none.notes.join('\n')]).toEqual([
    1,
    expect.stringMatching(/^Error: Row 0 has no weight, which --row-weights reads/),
  ]);
});

it('data and options that do not go with the method are refused', async () => {
  const refusal = async (...args: Parameters<typeof train>) => {
    const { code, notes } = await train(...args);
    return [code, notes.join('\n')];
  };
  expect(await refusal(pairs, 'a', '--method', 'kto')).toEqual([
    1,
    expect.stringContaining('dpo data convert --answers'),
  ]);
  await writeFile(at('answers.jsonl'), `${JSON.stringify({ prompt: 'p', completion: 'c', label: true })}\n`);
  expect(await refusal(at('answers.jsonl'), 'b')).toEqual([
    1,
    expect.stringContaining('The method kto trains on such rows'),
  ]);
  expect(await refusal(at('answers.jsonl'), 'c', '--method', 'kto')).toEqual([
    1,
    expect.stringContaining('the same prompt'),
  ]);
  expect(await refusal(pairs, 'd', '--method', 'kto', '--row-margins')).toEqual([
    2,
    expect.stringContaining('--row-margins'),
  ]);
  expect(await refusal(pairs, 'e', '--method', 'ipo', '--row-margins')).toEqual([
    1,
    expect.stringContaining('dpo, hinge'),
  ]);
});
