import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFiles } from '../files/model-files.js';
import { loadModel } from '../model/load-model.js';
import { saveModel } from '../model/save-model.js';
import { scoreGroups, tokenLogits } from '../test/_packing.js';
import { tinyGpt2, tinyLlama } from '../test/tiny-models.js';
import { loadAdapter, saveAdapter } from './adapter-files.js';
import { addLora } from './add-lora.js';
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

describe.each(['gpt2', 'llama'])('an adapter of %s made by PEFT', (name) => {
  const expected = JSON.parse(readFileSync(new URL(`lora/${name}/expected.json`, fixtures), 'utf8')) as {
    ids: number[];
    logits: number[][];
  };
  const open = async (folder = folderOf(`lora/${name}`)) =>
    loadAdapter((await loadModel(testEngine(), folderOf(`models/${name}`))).model, folder);

  it('gives the logits that PEFT gives', async () => {
    const model = await open();
    expectClose(await tokenLogits(model, expected.ids), expected.logits.flat(), 1e-4);
  });

  it('gives them again when it was saved here', async () => {
    const model = await open();
    const folder = join(scratch, name);
    await saveAdapter(model, folder, { baseModel: `../models/${name}` });
    const again = await open(folder);
    expect(await tokenLogits(again, expected.ids)).toEqual(await tokenLogits(model, expected.ids));
    const files = await openModelFiles(folder);
    const original = await openModelFiles(folderOf(`lora/${name}`));
    expect([...files.tensors.keys()].sort()).toEqual([...original.tensors.keys()].sort());
    expect(files.adapter?.config).toMatchObject({
      peft_type: 'LORA',
      fan_in_fan_out: name === 'gpt2',
      base_model_name_or_path: `../models/${name}`,
    });
    await Promise.all([files.close(), original.close()]);
  });

  it('gives them when it is merged', async () => {
    const model = await open();
    const base = await tokenLogits(model, expected.ids, { adapter: false });
    const merged = await mergeAdapter(model);
    expect(merged.adapter).toBeUndefined();
    expect([...merged.trainable().keys()]).toEqual([...merged.weights.keys()]);
    const logits = await tokenLogits(merged, expected.ids);
    expectClose(logits, expected.logits.flat(), 1e-4);
    expect(logits).not.toEqual(base);
  });
});

describe.each([
  ['GPT-2', tinyGpt2, 8],
  ['Llama', tinyLlama, 14],
])('a new adapter of %s', (_, make, layers) => {
  const groups = [{ prompt: [1, 2, 3], answers: [[4, 5], [6]] }];

  it('changes nothing at first; trained, it changes the model, not the reference', async () => {
    const base = make(testEngine());
    const before = await scoreGroups(base, groups);
    const model = addLora(base, { rank: 4, alpha: 8, seed: 3 });
    expect(model.trainable()).toBe(model.adapter?.weights);
    expect(model.trainable().size).toBe(2 * layers);
    expect(await scoreGroups(model, groups)).toEqual(before);
    for (const [name, variable] of model.trainable())
      if (name.endsWith('lora_B.weight')) variable.write((await variable.read()).map((_, i) => Math.sin(i) / 4));
    const after = (await scoreGroups(model, groups)).flat();
    after.forEach((logp, i) => {
      expect(Math.abs(logp - (before.flat()[i] as number))).toBeGreaterThan(1e-3);
    });
    expect(await scoreGroups(model, groups, { adapter: false })).toEqual(before);
  });

  it('begins with A uniform in ±1/√in, as PEFT does', async () => {
    const model = addLora(make(testEngine()), { rank: 16, alpha: 16, seed: 5 });
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
  const layersOf = (targets: string[]) =>
    addLora(tinyLlama(testEngine()), { rank: 1, alpha: 1, targets, seed: 0 }).adapter?.layers;

  it('are names of layers or their ends', () => {
    expect(layersOf(['q_proj'])).toEqual(['model.layers.0.self_attn.q_proj', 'model.layers.1.self_attn.q_proj']);
    expect(layersOf(['model.layers.1.mlp.up_proj'])).toEqual(['model.layers.1.mlp.up_proj']);
    expect(layersOf(['self_attn.o_proj', 'o_proj'])).toHaveLength(2);
  });

  it('that mean no layer are errors that name the nearest', () => {
    expect(() => layersOf(['q_porj'])).toThrow(
      expect.objectContaining({ code: 'lora.unknown-target', hint: 'Did you mean q_proj?' }),
    );
    expect(() => layersOf(['proj'])).toThrow(expect.objectContaining({ code: 'lora.unknown-target' }));
    expect(() => layersOf([])).toThrow(expect.objectContaining({ code: 'lora.unknown-target' }));
  });
});

describe('what cannot be done', () => {
  it('a second adapter, a senseless rank, saving what is not there', async () => {
    const base = tinyGpt2(testEngine());
    const options = { rank: 2, alpha: 2, seed: 0 };
    const adapted = addLora(base, options);
    expect(() => addLora(adapted, options)).toThrow(expect.objectContaining({ code: 'lora.has-adapter' }));
    expect(() => addLora(base, { ...options, rank: 0 })).toThrow(expect.objectContaining({ code: 'lora.bad-rank' }));
    await expect(saveAdapter(base, scratch)).rejects.toMatchObject({ code: 'lora.no-adapter' });
    await expect(saveModel(adapted, scratch)).rejects.toMatchObject({ code: 'model.has-adapter' });
    expect(await mergeAdapter(base)).toBe(base);
  });

  it('an adapter on another model, or a model as an adapter', async () => {
    const wrong = loadAdapter(tinyLlama(testEngine()), folderOf('lora/gpt2'));
    await expect(wrong).rejects.toMatchObject({ code: 'lora.wrong-base' });
    const wider = (await loadModel(testEngine(), folderOf('models/llama-untied'))).model;
    await expect(loadAdapter(wider, folderOf('lora/llama'))).rejects.toMatchObject({ code: 'lora.wrong-base' });
    const model = loadAdapter(tinyLlama(testEngine()), folderOf('models/llama'));
    await expect(model).rejects.toMatchObject({ code: 'lora.not-an-adapter' });
  });

  it.each([
    ['peft_type', 'IA3'],
    ['use_dora', true],
    ['bias', 'all'],
    ['modules_to_save', ['lm_head']],
    ['rank_pattern', { q_proj: 4 }],
    ['r', '8'],
  ])('an adapter with %s %j', async (key, value) => {
    const folder = join(scratch, `unsupported-${key}`);
    await cp(folderOf('lora/llama'), folder, { recursive: true });
    const path = join(folder, 'adapter_config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), [key]: value }));
    await expect(loadAdapter(tinyLlama(testEngine()), folder)).rejects.toMatchObject({ code: 'lora.unsupported' });
  });
});
