import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, findLibrary, openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveAdapter } from '../lora/adapter-files.js';
import { addLora, type LoraOptions } from '../lora/add-lora.js';
import { mergeAdapter } from '../lora/merge-adapter.js';
import { fixtureFolder } from '../test/_fixtures-for-tests.js';
import { lossAndGradients } from '../test/_gradients-for-tests.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { tinyLlama } from '../test/tiny-models.js';
import { cloneModel } from './clone-model.js';
import { type FrozenStorage, weightStore } from './frozen-weights.js';
import { loadModel } from './load-model.js';
import { saveModel } from './save-model.js';
import type { LanguageModel } from './types.js';

const library = await findLibrary();
const engines: [string, Engine][] = [['the portable engine', testEngine()]];
if (library !== undefined) engines.push(['the compiled engine', await openEngine({ kind: 'tensorflow' })]);
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-frozen-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
  for (const [, engine] of engines) await engine.dispose();
});

/** A folder with the fixture's model, its weights published in bfloat16. */
async function published(name: string): Promise<string> {
  const folder = join(scratch, name);
  const { model, source } = await loadModel(testEngine(), fixtureFolder(name));
  await saveModel(model, folder, { source, dtype: 'bfloat16' });
  model.dispose();
  return folder;
}

const ids = [1, 5, 9, 2];
const answers = [{ prompt: [1, 5], answer: [9, 2, 7] }];
const matrices = (model: LanguageModel) => [...model.weights.values()].filter(({ shape }) => shape.length > 1);

/** The model with an adapter that changes what the model computes. */
async function withAdapter(model: LanguageModel, settings: Partial<LoraOptions> = {}): Promise<LanguageModel> {
  const adapted = await addLora(model, { rank: 2, alpha: 4, seed: 3, ...settings });
  for (const variable of adapted.trainable().values())
    variable.write(Float32Array.from(await variable.read(), (value, i) => value + 0.05 * Math.sin(i)));
  return adapted;
}

describe.each(engines)('a base that was published in bfloat16, on %s', (_, engine) => {
  it.each([
    ['llama', { modulesToSave: ['norm'] }],
    ['gpt2', { dora: true }],
  ])('computes with an adapter what it computes in float32: %s', async (name, settings) => {
    const folder = await published(name);
    const results = [];
    for (const storage of ['float32', 'auto'] satisfies FrozenStorage[]) {
      const { model, rounding } = await loadModel(engine, folder, { storage });
      expect(rounding).toBeUndefined();
      const inHalf = storage === 'auto' && engine.kind === 'tensorflow';
      const { unembedding } = model.decoder;
      for (const [weight, variable] of model.weights)
        expect(variable.storage, weight).toBe(
          inHalf && variable.shape.length > 1 && weight !== unembedding ? 'bfloat16' : 'float32',
        );
      const adapted = await withAdapter(model, settings);
      const { loss, gradients } = await lossAndGradients(adapted, answers);
      const logits = await tokenLogits(adapted, ids);
      const saved = join(scratch, `${name}-${engine.kind}-${storage}`);
      await saveAdapter(adapted, saved);
      const adapter = await readFile(join(saved, 'adapter_model.safetensors'));
      const merged = await mergeAdapter(adapted);
      await saveModel(merged, join(saved, 'merged'));
      const whole = await readFile(join(saved, 'merged', 'model.safetensors'));
      results.push({ loss, gradients, logits, adapter, whole });
      merged.dispose();
    }
    // The same products of the same numbers: equal to the last bit, and so are the files.
    expect(results[1]).toEqual(results[0]);
  });

  it('computes layers again, and answers of many pieces, as in float32', async () => {
    const folder = await published('llama');
    const [plain, frozen] = await Promise.all(
      (['float32', 'auto'] as const).map(async (storage) => {
        const adapted = await withAdapter((await loadModel(engine, folder, { storage })).model);
        const result = await lossAndGradients(adapted, answers, { activationCheckpointing: true });
        adapted.dispose();
        return result;
      }),
    );
    expect(frozen).toEqual(plain);
  });
});

describe.skipIf(library === undefined)('on the compiled engine', () => {
  const engine = () => (engines[1] as [string, Engine])[1];

  it('auto leaves matrices in float32 that are no bfloat16, and bfloat16 says what it loses', async () => {
    const model = tinyLlama(engine());
    const auto = await cloneModel(model, { storage: 'auto' });
    expect(matrices(auto).every(({ storage }) => storage === 'float32')).toBe(true);
    let report: unknown;
    const rounded = await cloneModel(model, {
      storage: 'bfloat16',
      onRounding: (rounding) => {
        report = rounding;
      },
    });
    // Products in float32 would copy the matrix of the logits.
    const unembedding = model.decoder.unembedding as string;
    const isRounded = (name: string) => name !== unembedding;
    for (const { name, storage } of matrices(rounded)) expect(storage === 'bfloat16', name).toBe(isRounded(name));
    expect(
      [...rounded.weights.values()]
        .filter(({ shape }) => shape.length < 2)
        .every(({ storage }) => storage === 'float32'),
    ).toBe(true);
    const losing = matrices(model).filter(({ name }) => isRounded(name));
    const numbers = losing.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    expect(report).toMatchObject({ matrices: losing.length, numbers });
    for (const each of [model, auto, rounded]) each.dispose();
  });

  it('the loss by rounding is the root of the mean square, by hand', () => {
    const store = weightStore(engine(), 'bfloat16');
    // 1 + 2⁻⁹ becomes 1 and 3 stays: √(2⁻¹⁸ / (9 + (1 + 2⁻⁹)²)).
    store.add('a', [1, 2], Float32Array.of(1 + 2 ** -9, 3));
    store.add('exact', [1, 2], Float32Array.of(1, 2));
    store.add('vector', [2], Float32Array.of(1 + 2 ** -9, 3));
    const rounding = store.rounding();
    expect(rounding).toMatchObject({ matrices: 1, numbers: 2 });
    expect(rounding?.relative).toBeCloseTo(Math.sqrt(2 ** -18 / (9 + (1 + 2 ** -9) ** 2)), 10);
  });
});
