import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TensorToWrite, writeSafetensors } from '@dpo/base/safetensors';
import { testEngine } from '@dpo/engine/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigReader } from '../architectures/config-reader.js';
import { readRotary } from '../architectures/read-rotary.js';
import { rotaryFrequencies } from '../blocks/rotary-frequencies.js';
import { openModelFiles } from '../files/open-model-files.js';
import { addLora } from '../lora/add-lora.js';
import { mergeAdapter } from '../lora/merge-adapter.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { loadModel } from './load-model.js';
import { saveModel } from './save-model.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/odd_models/', import.meta.url);
const folderOf = (name: string) => fileURLToPath(new URL(name, fixtures));
const names = readdirSync(fixtures, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

interface Expected {
  readonly ids: readonly number[];
  readonly logits: readonly (readonly number[])[];
}
const expectedOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`${name}/expected.json`, fixtures), 'utf8')) as Expected;

function expectClose(got: ArrayLike<number>, want: readonly number[]): void {
  const size = Math.max(...want.map(Math.abs));
  expect(Math.max(...want.map((value, i) => Math.abs((got[i] as number) - value))) / size).toBeLessThan(1e-4);
}

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-odd-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A copy of a fixture with other names of its tensors, more tensors and other settings. */
async function renamedCopy(
  name: string,
  rename: (tensor: string) => string,
  more: readonly TensorToWrite[] = [],
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'renamedCopy-'));
  const files = await openModelFiles(folderOf(name));
  const tensors = [...files.tensors].map(
    ([tensor, { shape }]): TensorToWrite => ({
      name: rename(tensor),
      shape,
      dtype: 'float32',
      data: () => files.read(tensor),
    }),
  );
  await writeSafetensors(join(folder, 'model.safetensors'), [...tensors, ...more]);
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...files.config, ...config }));
  await files.close();
  return folder;
}

const zeros = (name: string, shape: readonly number[]): TensorToWrite => ({
  name,
  shape,
  dtype: 'float32',
  data: async () => new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

describe.each(names)('%s as transformers computes it', (name) => {
  const { ids, logits } = expectedOf(name);

  it('opens, and is the same once saved', async () => {
    const { model } = await loadModel(testEngine(), folderOf(name));
    expectClose(await tokenLogits(model, ids), logits.flat());
    const folder = join(scratch, name);
    await saveModel(model, folder);
    const again = await loadModel(testEngine(), folder);
    expect(again.notes).toEqual([]);
    expectClose(await tokenLogits(again.model, ids), logits.flat());
  });

  it('is the base of an adapter', async () => {
    const { model } = await loadModel(testEngine(), folderOf(name));
    const adapted = await addLora(model, { rank: 2, alpha: 4, seed: 1 });
    expectClose(await tokenLogits(adapted, ids), logits.flat());
    expectClose(await tokenLogits(await mergeAdapter(adapted), ids), logits.flat());
  });
});

describe('a head beside the embedding that it is tied to', () => {
  it('is kept when it differs, with a note', async () => {
    const { model, notes } = await loadModel(testEngine(), folderOf('llama-own-head'));
    expect(model.config.tiedHead).toBe(false);
    expect(model.config.raw.tie_word_embeddings).toBe(false);
    expect(notes).toEqual([expect.stringContaining('the head is used')]);
  });

  it('stays tied when it is a copy, and when the files have no embedding', async () => {
    for (const name of ['llama-same-head', 'llama-head-alone']) {
      const { model, notes } = await loadModel(testEngine(), folderOf(name));
      expect(model.config.tiedHead).toBe(true);
      expect(model.weights.has('lm_head.weight')).toBe(false);
      expect(notes).toEqual([]);
    }
  });

  it('keeps numbers of the configuration floats when it is saved', async () => {
    const { model } = await loadModel(testEngine(), folderOf('gemma2-own-head'));
    await saveModel(model, join(scratch, 'floats'));
    const text = readFileSync(join(scratch, 'floats', 'config.json'), 'utf8');
    expect(text).toContain('"final_logit_softcapping": 30.0');
    expect(text).toContain('"tie_word_embeddings": false');
  });

  it('must have its shape', async () => {
    const folder = await renamedCopy('llama-head-alone', (name) => name.replace('lm_head', 'model.embed_tokens'), [
      zeros('lm_head.weight', [31, 8]),
    ]);
    await expect(loadModel(testEngine(), folder)).rejects.toMatchObject({
      code: 'model.wrong-shape',
      hint: expect.stringContaining('vocabulary has 31 tokens'),
    });
  });
});

describe('names', () => {
  const { ids, logits } = expectedOf('neox-state-dict');
  const wrappers: readonly (readonly [string, (name: string) => string])[] = [
    ['torch.compile', (name) => `_orig_mod.${name}`],
    ['torch.compile of each layer', (name) => name.replace(/layers\.(\d+)\./, 'layers.$1._orig_mod.')],
    ['DataParallel', (name) => `module.${name}`],
    ['DataParallel of a compiled model', (name) => `module._orig_mod.${name}`],
    ['FSDP', (name) => name.replace(/layers\.(\d+)\./, 'layers.$1._fsdp_wrapped_module.')],
    ['PEFT', (name) => `base_model.model.${name.replace('dense.weight', 'dense.base_layer.weight')}`],
    ['TRL’s model with a value head', (name) => `pretrained_model.${name}`],
    ['the bare body', (name) => name.replace(/^gpt_neox\./, '')],
    ['the head within the body', (name) => name.replace(/^lm_head/, 'gpt_neox.lm_head')],
    ['the head as it was called before', (name) => name.replace(/^lm_head/, 'embed_out')],
  ];

  it.each(wrappers)('of %s are read', async (_, rename) => {
    const { model } = await loadModel(testEngine(), await renamedCopy('neox-state-dict', rename));
    expectClose(await tokenLogits(model, ids), logits.flat());
    expect([...model.weights.keys()]).toContain('embed_out.weight');
  });

  it('of constants are ignored in every architecture', async () => {
    const constants = [zeros('model.layers.0.self_attn.rotary_emb.inv_freq', [2]), zeros('model.position_ids', [1, 8])];
    await loadModel(testEngine(), await renamedCopy('gemma2-own-head', (name) => name, constants));
  });

  it('of a value head are ignored, with a note', async () => {
    const head = [zeros('v_head.summary.weight', [1, 8]), zeros('v_head.summary.bias', [1])];
    const { model, notes } = await loadModel(testEngine(), await renamedCopy('neox-state-dict', (name) => name, head));
    expectClose(await tokenLogits(model, ids), logits.flat());
    expect(notes).toEqual([expect.stringContaining('v_head.summary.weight, v_head.summary.bias')]);
  });

  it.each([
    ['model.unknown-prefix', '"student." before', (name: string) => `student.${name}`, []],
    ['model.extra-tensor', 'several times', (name: string) => name, [zeros('module.lm_head.weight', [32, 8])]],
    [
      'model.unmerged-adapter',
      'lora_A.default.weight',
      (name: string) => `base_model.model.${name.replace('dense.weight', 'dense.old.weight')}`,
      [zeros('base_model.model.gpt_neox.layers.0.attention.dense.lora_A.default.weight', [2, 8])],
    ],
  ])('%s: %s', async (code, text, rename, more) => {
    const folder = await renamedCopy('neox-state-dict', rename, more);
    await expect(loadModel(testEngine(), folder)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
  });
});

describe('the error of another kind of model says which kind', () => {
  const withoutHead = (name: string) => (name === 'lm_head.weight' ? 'score.weight' : name);

  it.each([
    ['a reward model', 'neox-state-dict', withoutHead, [], {}, 'reward model'],
    [
      'a reward model of a tied base',
      'llama-head-alone',
      (name: string) => name.replace('lm_head', 'model.embed_tokens'),
      [zeros('score.weight', [1, 8])],
      { architectures: ['LlamaForSequenceClassification'] },
      'reward model or classifier (LlamaForSequenceClassification)',
    ],
    [
      'a bare body',
      'neox-state-dict',
      (name: string) => name.replace('lm_head.weight', 'rotary_emb.inv_freq').replace(/^gpt_neox\./, ''),
      [],
      { architectures: ['GPTNeoXModel'] },
      'only the body of a model (GPTNeoXModel)',
    ],
  ] as const)('%s', async (_, name, rename, more, config, text) => {
    const folder = await renamedCopy(name, rename, more, config);
    await expect(loadModel(testEngine(), folder)).rejects.toMatchObject({
      code: 'model.not-a-language-model',
      message: expect.stringContaining(text),
    });
  });
});

describe('rotary settings in several places', () => {
  const cases = readFileSync(new URL('rope_settings.json', fixtures), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { config: Record<string, unknown>; frequencies: { inv_freq: number[] } });

  it.each(
    cases.map((item) => [JSON.stringify([item.config.rope_parameters, item.config.rope_scaling]), item] as const),
  )('%s', (_, { config, frequencies }) => {
    const got = rotaryFrequencies(readRotary(new ConfigReader(config, 'config.json'), 8, 32));
    frequencies.inv_freq.forEach((want, i) => {
      expect(Math.abs((got[i] as number) / want - 1)).toBeLessThan(1e-5);
    });
  });
});
