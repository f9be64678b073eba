import { readdirSync, readFileSync } from 'node:fs';
import { type EncodedPair, random } from '@dpo/base';
import { type Engine, findLibrary, openEngine } from '@dpo/engine';
import { addLora, cloneModel, createModel, type LanguageModel, supportedArchitectures } from '@dpo/models';
import { afterAll, describe, expect, it } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import { methodNamed } from './methods/method-named.js';
import { optimizers } from './optimizers/registry.js';
import { type Reference, referenceModel, withoutAdapter } from './reference.js';
import { type StepRecord, train } from './trainer.js';

const fixtures = new URL('../../../tooling/parity/fixtures/models/', import.meta.url);
const configOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`${name}/config.json`, fixtures), 'utf8')) as Readonly<Record<string, unknown>>;
const typeOf = (name: string) => configOf(name).model_type;
/** The names of transformers' tiny models, one for each architecture. */
const models = readdirSync(fixtures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()
  .filter((name, i, all) => all.findIndex((other) => typeOf(other) === typeOf(name)) === i);

const library = await findLibrary();
const engines: Engine[] = [];
const open = async (precision: 'float32' | 'bfloat16', regions: 'auto' | 'always' = 'auto') => {
  const engine = await openEngine({ kind: 'tensorflow', precision, regions });
  engines.push(engine);
  return engine;
};
const exact = library === undefined ? undefined : await open('float32');
const rounded = library === undefined ? undefined : await open('bfloat16');
/** Stores the results of regions in bfloat16, too. The models here are too small for regions otherwise. */
const fused = library === undefined ? undefined : await open('bfloat16', 'always');
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

/** A new model whose products are about as large as their inputs, as in a trained model: 0.2 ≈ 1 / √32. */
const create = (engine: Engine | undefined, name: string): LanguageModel =>
  createModel(engine as Engine, { ...configOf(name), initializer_range: 0.2 }, { seed: 3 });

/** Thirty-two pairs of random ids, so many that the rounding of single pairs averages out. */
function pairsFor({ vocabSize }: LanguageModel): EncodedPair[] {
  const uniform = random(5);
  const ids = (length: number) => Int32Array.from({ length }, () => Math.floor(uniform() * vocabSize));
  return Array.from({ length: 32 }, (_, i) => ({
    prompt: ids(3 + (i % 4)),
    chosen: ids(7 - (i % 4)),
    rejected: ids(4 + (i % 4)),
  }));
}

async function records(model: LanguageModel, reference: Reference, steps: number): Promise<StepRecord[]> {
  const pairs = pairsFor(model);
  const list: StepRecord[] = [];
  for await (const record of train({
    ...{ model, reference, steps },
    method: methodNamed('dpo', { beta: 0.1 }),
    optimizer: optimizers.adamw(),
    learningRate: () => 1e-3,
    batches: chosenBatches(pairs, () => pairs.keys()),
  }))
    list.push(record);
  return list;
}

/** Twelve steps of all weights, with a copy of the model as the reference. */
async function trajectory(engine: Engine | undefined, name: string): Promise<StepRecord[]> {
  const model = create(engine, name);
  const second = await cloneModel(model);
  try {
    return await records(model, referenceModel(second), 12);
  } finally {
    model.dispose();
    second.dispose();
  }
}

/** The trajectories in float32, by the models' names. */
const exactly: Record<string, Promise<StepRecord[]>> = {};

describe.skipIf(library === undefined)('bfloat16', () => {
  it('is tried on every architecture', () => {
    expect(models.map(typeOf).sort()).toEqual([...supportedArchitectures].sort());
  });

  it.each([
    ...models.map((name) => [name, 'one by one', rounded] as const),
    // XLA takes seconds for a model: one with layer norms and GELU, one with RMS norms and SwiGLU, one with norms behind and caps.
    ...['gpt2', 'llama', 'gemma2'].map((name) => [name, 'in regions', fused] as const),
  ])(
    '%s, %s: the first gradient and the losses of twelve steps as in float32, to 1 in 100',
    async (name, _, engine) => {
      exactly[name] ??= trajectory(exact, name);
      const [want, got] = [await exactly[name], await trajectory(engine, name)];
      expect(Math.abs((got[0]?.loss ?? 0) - Math.LN2)).toBeLessThan(1e-3);
      expect(Math.abs((got[0]?.grad_norm ?? 0) / (want[0]?.grad_norm ?? 0) - 1)).toBeLessThan(0.01);
      // The model learns, so that the comparison covers more than the start.
      expect(want.at(-1)?.loss).toBeLessThan(0.6);
      for (const [i, { loss }] of want.entries())
        expect(Math.abs((got[i]?.loss ?? 0) / loss - 1), `step ${i + 1}`).toBeLessThan(0.01);
    },
  );

  it.each(['gpt2', 'llama'])('%s: a new adapter begins at ln 2', async (name) => {
    for (const engine of [rounded, fused]) {
      const model = await addLora(create(engine, name), { rank: 4, alpha: 8, seed: 1 });
      const [first] = await records(model, withoutAdapter(model), 1);
      model.dispose();
      expect(Math.abs((first?.loss ?? 0) - Math.LN2)).toBeLessThan(1e-3);
    }
  });
});
