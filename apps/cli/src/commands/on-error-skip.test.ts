import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-skip-'));
  model = await tinyModelFolder(join(folder, 'model'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const json = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
const good = (i: number) => ({
  ...{ prompt: `Q${i}:`, chosen: ` yes ${i}`, rejected: ' no' },
  ...{ reference_chosen_logp: -20 - i, reference_rejected_logp: -10 - i },
});
// The model takes 64 positions: this prompt leaves no room for an answer.
const long = { ...good(1), prompt: `${'Q and '.repeat(80)}:` };
const write = (name: string, rows: readonly unknown[]) =>
  writeFile(at(name), rows.map((row) => (typeof row === 'string' ? row : `${JSON.stringify(row)}\n`)).join(''));

it('train, sft and score leave out rows that cannot be read or encoded, count them, and train as without them', async () => {
  await write('bad.jsonl', [good(0), '{"prompt": \n', long, good(3), good(4)]);
  await write('good.jsonl', [good(0), good(3), good(4)]);
  const common = ['--engine', 'cpu', '--model', model];
  const training = [...common, '--batch-size', '3', '--max-steps', '2', '--no-shuffle', '--learning-rate', '0.01'];
  for (const [command, more] of [
    ['train', ['--precompute-reference']],
    ['sft', []],
  ] as const) {
    const run = (data: string, ...and: readonly string[]) =>
      runCli([command, ...training, ...more, '--data', at(data), '--output', at(`${command}-${data}`), ...and]);
    const stopped = await run('bad.jsonl');
    expect([stopped.code, stopped.notes.join()]).toEqual([1, expect.stringContaining('bad.jsonl, line 2')]);
    const skipped = await run('bad.jsonl', '--on-error', 'skip');
    expect(skipped.code).toBe(0);
    expect(skipped.notes.join('\n')).toMatch(/Left out 2 rows:\n.*line 2.*\n.*line 3: row 2: /);
    expect((await run('good.jsonl')).code).toBe(0);
    const records = async (data: string) =>
      (await json(at(`${command}-${data}/metrics.jsonl`))).map(({ loss, grad_norm }) => [loss, grad_norm]);
    expect(await records('bad.jsonl')).toEqual(await records('good.jsonl'));
  }
  const score = ['score', ...common, '--data', at('bad.jsonl'), '--out', at('scores.jsonl')];
  expect((await runCli(score)).code).toBe(1);
  expect((await runCli([...score, '--on-error', 'skip'])).code).toBe(0);
  // One row cannot be read, one not be encoded: the others keep the numbers that they have in the file.
  expect((await json(at('scores.jsonl'))).map(({ index }) => index)).toEqual([0, 3, 4]);
});
