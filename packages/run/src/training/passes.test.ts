import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset, PreferencePair } from '@dpo/data';
import { testEngine } from '@dpo/engine/test';
import { createModel, saveModel } from '@dpo/models';
import { tinyTokenizer } from '@dpo/models/test';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { trainRun } from '../train-run.js';
import { pairRows } from './row-kinds.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-passes-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

/** Enough rows for the encoder of many texts and the store of tokens. */
const ROWS = 1200;

it('goes through a file of lines twice: to read and check the rows, and to encode them', async () => {
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    ...{ prompt: `Q${i}:`, chosen: ' yes', rejected: ' no', weight: 1, margin: 0.5 },
  }));
  const data = join(folder, 'pairs.jsonl');
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const counts = { inTurn: 0, byNumber: 0 };
  const { read } = pairRows;
  const reading = vi.spyOn(pairRows, 'read').mockImplementation(async (...args) => {
    const dataset = await read(...args);
    return withCounts(dataset, counts);
  });
  await trainRun({
    ...{ model: await modelFolder(join(folder, 'model')), data, output: join(folder, 'run'), engine: 'cpu' },
    ...{ maxSteps: 1, batchSize: 2, rowWeights: true, rowMargins: true },
  });
  expect([reading.mock.calls.length, counts.inTurn]).toEqual([1, ROWS]);
  // A few rows are measured to estimate how much text there is.
  expect(counts.byNumber).toBeLessThanOrEqual(64);
});

/** A dataset that counts the rows taken out of it. The fingerprint was computed when the dataset was read. */
function withCounts(
  dataset: Dataset<PreferencePair>,
  counts: { inTurn: number; byNumber: number },
): Dataset<PreferencePair> {
  return {
    ...dataset,
    fingerprint: dataset.fingerprint,
    at(row) {
      counts.byNumber++;
      return dataset.at(row);
    },
    *[Symbol.iterator]() {
      for (const row of dataset) {
        counts.inTurn++;
        yield row;
      }
    },
  };
}

async function modelFolder(path: string): Promise<string> {
  const engine = testEngine();
  const tokenizer = tinyTokenizer();
  const sizes = { vocab_size: tokenizer.vocabSize, n_embd: 16, n_layer: 1, n_head: 2, n_positions: 64 };
  const model = createModel(engine, { model_type: 'gpt2', ...sizes }, { seed: 1 });
  await saveModel(model, path, { source: { tokenizerFiles: { ...tokenizer.files } } });
  await engine.dispose();
  return path;
}
