import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { methodNamed } from '@dpo/core';
import { encodePairs } from '@dpo/data';
import { tinyPairs } from '@dpo/data/test';
import type { Engine, Variable } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { createModel, type LanguageModel, saveModel } from '@dpo/models';
import { tinyTokenizer } from '@dpo/models/test';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runContext } from '../context.js';
import { dpoReference } from './dpo-reference.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-reference-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const engine = testEngine();
const live = liveVariables(engine);
const tokenizer = tinyTokenizer();
const sizes = { vocab_size: tokenizer.vocabSize, n_embd: 16, n_layer: 1, n_head: 2, n_positions: 256 };
const model = (seed: number): LanguageModel => createModel(engine, { model_type: 'gpt2', ...sizes }, { seed });

it('frees the reference model when its log-probabilities are computed, and keeps the model when it scores each batch', async () => {
  const ref = join(folder, 'reference');
  const other = model(2);
  await saveModel(other, ref, { source: { tokenizerFiles: { ...tokenizer.files } } });
  other.dispose();
  const policy = model(1);
  const examples = encodePairs([...tinyPairs()].slice(0, 2), tokenizer);
  const before = live.size;
  const openReference = (precomputeReference: boolean) =>
    dpoReference(
      { ref, precomputeReference },
      methodNamed('dpo'),
      { model: policy, examples, heldOut: examples, givenLogps: undefined },
      runContext({}),
    );

  const { scorer } = await openReference(true);
  expect([live.size, scorer]).toEqual([before, undefined]);

  const online = await openReference(false);
  expect(live.size).toBe(before + policy.weights.size);
  const scorerModel = online.scorer?.model;
  scorerModel?.dispose();
  expect(live.size).toBe(before);
});

/** The variables of an engine that have not been disposed of. */
function liveVariables(engine: Engine): ReadonlySet<Variable> {
  const live = new Set<Variable>();
  const make = engine.variable.bind(engine);
  vi.spyOn(engine, 'variable').mockImplementation((...args) => {
    const variable = make(...args);
    live.add(variable);
    const dispose = variable.dispose.bind(variable);
    vi.spyOn(variable, 'dispose').mockImplementation(() => {
      live.delete(variable);
      dispose();
    });
    return variable;
  });
  return live;
}
