import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-skipped-'));
  await tinyModelFolder(join(folder, 'model'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const lines = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Trains on two rows a step. The `heavy` rows have weights with which no float32 gradient is finite. */
async function trainOn(rows: number, heavy: readonly number[]) {
  const data = Array.from({ length: rows }, (_, i) => ({
    ...{ id: `row-${i}`, prompt: `Q${i}:`, chosen: ` yes ${i}`, rejected: ` no, ${i}` },
    weight: heavy.includes(i) ? 3e38 : 1,
  }));
  await writeFile(at('data.jsonl'), data.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return runCli([
    ...['train', '--model', at('model'), '--data', at('data.jsonl'), '--output', at('run'), '--engine', 'cpu'],
    ...['--batch-size', '2', '--no-shuffle', '--row-weights', '--learning-rate', '0.01', '--no-tensorboard'],
  ]);
}

describe('dpo train on gradients that are not finite', () => {
  it('skips the step, keeps its rows in a file, and names it once', async () => {
    const { code, notes } = await trainOn(10, [3, 8]);
    expect(code).toBe(0);
    const metrics = await lines(at('run/metrics.jsonl'));
    expect(metrics.map(({ skipped = false }) => skipped)).toEqual([false, true, false, false, true]);
    const skippedRows = await lines(at('run/skipped-batch-2.jsonl'));
    expect(skippedRows).toEqual([
      { step: 2, row: 2, id: 'row-2', prompt: 'Q2:', chosen: ' yes 2', rejected: ' no, 2', weight: 1 },
      { step: 2, row: 3, id: 'row-3', prompt: 'Q3:', chosen: ' yes 3', rejected: ' no, 3', weight: 3e38 },
    ]);
    expect((await lines(at('run/skipped-batch-5.jsonl'))).map(({ row }) => row)).toEqual([8, 9]);
    const warnings = notes.filter((note) => note.includes('was not finite'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`rows 2, 3. They are kept in ${at('run/skipped-batch-2.jsonl')}.`);
  });

  it('ends the run with a checkpoint after three in a row', async () => {
    const { code, notes } = await trainOn(12, [2, 4, 6]);
    expect(code).toBe(1);
    expect(notes.join('\n')).toContain('not finite in 3 steps in a row, up to 4');
    expect((await readdir(at('run'))).sort()).toEqual([
      ...['.dpo.json', 'checkpoint-4', 'config.json', 'metrics.jsonl'],
      ...['skipped-batch-2.jsonl', 'skipped-batch-3.jsonl', 'skipped-batch-4.jsonl', 'warnings.jsonl'],
    ]);
  });
});
