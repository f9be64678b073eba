// Three steps of DPO on plain JavaScript. A test runs this file in Node and in a browser.
import { adamw, byteCheckpoints, learningRates, methodNamed, offlineBatches, referenceModel, train } from '@dpo/core';
import { encodePairs } from '@dpo/data';
import { byteTokenizer, tinyPairs } from '@dpo/data/test';
import { openPortable } from '@dpo/engine';
import { cloneModel, createModel } from '@dpo/models';

const STEPS = 3;

/**
 * Trains up to a step, from the beginning or from a checkpoint, and leaves a checkpoint.
 *
 * @param {import('@dpo/core').ByteFiles} files the place of the checkpoints
 * @param {{until?: number, resume?: string}} part the last step, and the checkpoint to go on from
 * @returns {Promise<{engine: string, losses: number[], margins: number[], norms: number[]}>} the numbers of each step
 */
export async function threeSteps(files, { until = STEPS, resume } = {}) {
  const engine = await openPortable('cpu');
  try {
    const tokenizer = byteTokenizer();
    const config = { model_type: 'gpt2', vocab_size: tokenizer.vocabSize, n_embd: 8, n_layer: 2, n_head: 2 };
    const model = createModel(engine, { ...config, n_positions: 128 }, { seed: 1 });
    const reference = referenceModel(await cloneModel(model));
    const pairs = encodePairs(tinyPairs(), tokenizer, { maxLength: 96 });
    const run = train({
      ...{ model, reference, resume, steps: until },
      method: methodNamed('dpo', { beta: 0.1 }),
      optimizer: adamw(),
      learningRate: learningRates({ learningRate: 1e-2, steps: STEPS }),
      batches: offlineBatches(pairs, { batchSize: 2, shuffle: true, seed: 1 }),
      checkpoints: { store: byteCheckpoints(files) },
    });
    const records = [];
    for await (const record of run) records.push(record);
    return {
      engine: engine.kind,
      losses: records.map(({ loss }) => loss),
      margins: records.map((record) => record['rewards/margins']),
      norms: records.map(({ grad_norm }) => grad_norm),
    };
  } finally {
    await engine.dispose();
  }
}
