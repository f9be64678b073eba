import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFiles } from '../files/open-model-files.js';
import { generate } from '../generate/generation.js';
import { cloneModel } from '../model/clone-model.js';
import { loadModel } from '../model/load-model.js';
import { saveModel } from '../model/save-model.js';
import { scoreGroups, tokenLogits } from '../test/_packing-for-tests.js';
import { tinyGpt2, tinyLlama } from '../test/tiny-models.js';
import { loadAdapter, saveAdapter } from './adapter-files.js';
import { addLora, type LoraOptions } from './add-lora.js';
import { mergeAdapter } from './merge-adapter.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const folderOf = (path: string) => fileURLToPath(new URL(path, fixtures));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-lora-'));
});
afterAll(() => rm(scratch, { recursive: true }));

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(want.length);
  const size = Math.max(...Array.from(want, Math.abs));
  const difference = Math.max(...Array.from(want, (value, i) => Math.abs(value - (got[i] as number))));
  expect(difference / size).toBeLessThan(tolerance);
}

// In this order: LoRA; DoRA with the embedding saved beside a tied head; rsLoRA; a head of its own beside a tied embedding; DoRA
// by a regular expression, with other ranks and alphas of some layers, embedding and head saved; both saved beside a tied head;
// rsLoRA of one layer with other ranks and alphas; a head with different names in transformers 4 and 5.
describe.each([
  ['gpt2', 'gpt2'],
  ['gpt2-dora', 'gpt2'],
  ['llama', 'llama'],
  ['llama-saved', 'llama'],
  ['llama-untied', 'llama-untied'],
  ['llama-both', 'llama'],
  ['llama-layers', 'llama'],
  ['gpt-neox-saved', 'gpt-neox'],
])('an adapter made by PEFT: %s', (name, base) => {
  const expected = JSON.parse(readFileSync(new URL(`lora/${name}/expected.json`, fixtures), 'utf8')) as {
    ids: number[];
    logits: number[][];
  };
  const open = async (folder = folderOf(`lora/${name}`)) =>
    loadAdapter((await loadModel(testEngine(), folderOf(`models/${base}`))).model, folder);

  it('gives the logits that PEFT gives', async () => {
    const model = await open();
    expectClose(await tokenLogits(model, expected.ids), expected.logits.flat(), 1e-4);
  });

  it('gives them again after it is saved here', async () => {
    const model = await open();
    const folder = join(scratch, name);
    await saveAdapter(model, folder, { baseModel: `../models/${base}` });
    const again = await open(folder);
    expect(await tokenLogits(again, expected.ids)).toEqual(await tokenLogits(model, expected.ids));
    const files = await openModelFiles(folder);
    const original = await openModelFiles(folderOf(`lora/${name}`));
    expect([...files.tensors.keys()].sort()).toEqual([...original.tensors.keys()].sort());
    const [ours, theirs] = [files.adapter?.config ?? {}, original.adapter?.config ?? {}];
    // A setting of PEFT that leaves layers out becomes a list of the other layers.
    if (name === 'llama-layers')
      theirs.target_modules = ['self_attn.q_proj', 'self_attn.k_proj', 'mlp.down_proj'].map(
        (layer) => `model.layers.1.${layer}`,
      );
    for (const key of Object.keys(ours)) expect(ours[key], key).toEqual(theirs[key]);
    await Promise.all([files.close(), original.close()]);
  });

  it('gives them after it is merged, and after the merged model is saved', async () => {
    const model = await open();
    const base = await tokenLogits(model, expected.ids, { adapter: false });
    const merged = await mergeAdapter(model);
    expect(merged.adapter).toBeUndefined();
    expect([...merged.trainable().keys()]).toEqual([...merged.weights.keys()]);
    const logits = await tokenLogits(merged, expected.ids);
    expectClose(logits, expected.logits.flat(), 1e-4);
    expect(logits).not.toEqual(base);
    const folder = join(scratch, `${name}-merged`);
    await saveModel(merged, folder);
    expect(await tokenLogits((await loadModel(testEngine(), folder)).model, expected.ids)).toEqual(logits);
  });

  it('gives them by a clone on the same base, whatever happens to the original', async () => {
    const model = await open();
    const frozen = await cloneModel(model);
    expect(frozen.weights).toBe(model.weights);
    for (const variable of model.trainable().values()) variable.write((await variable.read()).fill(0.5));
    expectClose(await tokenLogits(frozen, expected.ids), expected.logits.flat(), 1e-4);
    frozen.dispose();
    expect((await tokenLogits(model, expected.ids, { adapter: false })).every(Number.isFinite)).toBe(true);
  });

  it('gives the same log-probabilities in generating and in scoring', async () => {
    const model = await open();
    const [sample] = await generate(model, [expected.ids], { maxNewTokens: 4, temperature: 0 });
    const groups = [{ prompt: expected.ids, answers: [[...(sample?.tokens ?? [])]] }];
    const [[logp]] = (await scoreGroups(model, groups)) as [[number]];
    expect(sample?.logps.reduce((a, b) => a + b)).toBeCloseTo(logp, 4);
  });
});

describe.each([
  ['GPT-2', tinyGpt2, 8],
  ['Llama', tinyLlama, 14],
])('a new adapter of %s', (_, make, layers) => {
  const groups = [{ prompt: [1, 2, 3], answers: [[4, 5], [6]] }];

  it.each<[string, Partial<LoraOptions>, number]>([
    ['LoRA', {}, 2 * layers],
    ['rsLoRA with dropout', { rsLora: true, dropout: 0.5 }, 2 * layers],
    ['DoRA', { dora: true }, 3 * layers],
    ['LoRA with a head saved in full', { modulesToSave: ['lm_head'] }, 2 * layers + 1],
  ])(
    'as %s changes nothing at first; after training it changes the model, not the reference',
    async (_, options, count) => {
      const base = make(testEngine());
      const before = await scoreGroups(base, groups);
      const model = await addLora(base, { rank: 4, alpha: 8, seed: 3, ...options });
      expect(model.trainable()).toBe(model.adapter?.weights);
      expect(model.trainable().size).toBe(count);
      const first = (await scoreGroups(model, groups)).flat();
      // DoRA divides by the norms that its magnitudes begin with, which leaves rounding errors.
      first.forEach((logp, i) => {
        expect(Math.abs(logp - (before.flat()[i] as number))).toBeLessThan(1e-5);
      });
      for (const [name, variable] of model.trainable())
        if (!name.endsWith('lora_A.weight'))
          variable.write((await variable.read()).map((value, i) => value + Math.sin(i) / 4));
      const after = (await scoreGroups(model, groups)).flat();
      after.forEach((logp, i) => {
        expect(Math.abs(logp - (before.flat()[i] as number))).toBeGreaterThan(1e-3);
      });
      expect(await scoreGroups(model, groups, { adapter: false })).toEqual(before);
    },
  );

  it('begins with A uniform in ±1/√in, as PEFT does', async () => {
    const model = await addLora(make(testEngine()), { rank: 16, alpha: 16, seed: 5 });
    for (const [name, variable] of model.trainable()) {
      const values = await variable.read();
      if (name.endsWith('lora_B.weight')) expect(values.every((value) => value === 0)).toBe(true);
      else {
        const bound = 1 / Math.sqrt(variable.shape[1] as number);
        const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
        expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
        expect(variance / (bound * bound)).toBeGreaterThan(0.28); // a third, but for chance
        expect(variance / (bound * bound)).toBeLessThan(0.39);
      }
    }
  });
});

describe('targets', () => {
  const layersOf = async (targets: readonly string[] | string, modulesToSave: string[] = []) => {
    const options = { rank: 1, alpha: 1, targets, modulesToSave, seed: 0 };
    return (await addLora(tinyLlama(testEngine()), options)).adapter?.layers.map(({ name }) => name);
  };
  const queries = ['model.layers.0.self_attn.q_proj', 'model.layers.1.self_attn.q_proj'];

  it('are names of layers or their ends', async () => {
    expect(await layersOf(['q_proj'])).toEqual(queries);
    expect(await layersOf(['model.layers.1.mlp.up_proj'])).toEqual(['model.layers.1.mlp.up_proj']);
    expect(await layersOf(['self_attn.o_proj', 'o_proj'])).toHaveLength(2);
  });

  it('or a regular expression of whole names, in Python’s notation', async () => {
    expect(await layersOf('.*\\.q_proj')).toEqual(queries);
    expect(await layersOf('model\\.layers\\.(?P<layer>\\d+)\\.self_attn\\.(q|k)_proj')).toHaveLength(4);
    await expect(layersOf('q_proj')).rejects.toMatchObject({ code: 'lora.unknown-target' });
    await expect(layersOf('(')).rejects.toMatchObject({ code: 'lora.bad-pattern' });
  });

  it('are by default all linear layers but the head, without layers that are saved in full', async () => {
    expect(await layersOf('all-linear')).toHaveLength(14);
    expect(await layersOf('all-linear', ['layers.0'])).toHaveLength(7);
    expect(await layersOf('all-linear', ['mlp'])).toHaveLength(8);
  });

  it('without a layer are errors that name the nearest layer', async () => {
    await expect(layersOf(['q_porj'])).rejects.toMatchObject({
      code: 'lora.unknown-target',
      hint: 'Did you mean q_proj?',
    });
    await expect(layersOf(['proj'])).rejects.toMatchObject({ code: 'lora.unknown-target' });
    await expect(layersOf([])).rejects.toMatchObject({ code: 'lora.unknown-target' });
    await expect(layersOf(['q_proj'], ['self_attn'])).rejects.toMatchObject({ code: 'lora.unknown-target' });
  });
});
