import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DpoError } from '@dpo/base';
import { diskFolder } from '@dpo/base/files';
import { openSafetensors } from '@dpo/base/safetensors';
import { testEngine } from '@dpo/engine/test';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadClassifier } from '../classifiers/load-classifier.js';
import { loadAdapter } from '../lora/adapter-files.js';
import { loadModel } from '../model/load-model.js';
import { saveModel } from '../model/save-model.js';
import { tinyLlama } from '../test/index.js';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import { openGguf } from './gguf.js';
import { GgufMetadata } from './gguf-metadata.js';
import { ggufTokenizerFiles } from './gguf-tokenizer.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, fixtures));

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-fuzz-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Values at which readers fail: wrong types, absurd numbers, names that every object has. */
const hostile = fc.constantFrom<readonly unknown[]>(
  ...[null, true, -1, 0, 0.5, 3, 1e9, 2 ** 40, 2 ** 53, 1e308, '', 'x', '__proto__', 'constructor', '('].map((v) => [
    v,
  ]),
  ...[[], {}, [[]], [null], [1e9], { a: 1 }, { 0: {} }, '\ud800', '\u2581', 'x'.repeat(3000)].map((v) => [v]),
);

/** A JSON value in which one value, at any depth, is replaced, removed or renamed. */
function mutate(value: unknown, steps: readonly number[], what: 'replace' | 'remove' | 'rename', by: unknown): unknown {
  const [step, ...rest] = steps;
  if (typeof value !== 'object' || value === null || step === undefined) return by;
  const copy: unknown = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  const record = copy as Record<string, unknown>;
  const keys = Object.keys(record);
  if (keys.length === 0) return by;
  const key = keys[step % keys.length] as string;
  if (rest.length > 0 && typeof record[key] === 'object' && record[key] !== null)
    record[key] = mutate(record[key], rest, what, by);
  else if (what === 'replace') record[key] = by;
  else {
    if (what === 'rename') record[`${key}x`] = record[key];
    delete record[key];
  }
  return copy;
}

const mutations = fc.record({
  steps: fc.array(fc.nat(400), { minLength: 1, maxLength: 4 }),
  what: fc.constantFrom('replace', 'replace', 'remove', 'rename'),
  by: hostile,
});

/** Runs `use` with many mutations of a JSON text, and checks that it soon succeeds or throws an error of ours. */
async function survives(text: string, use: (text: string) => unknown, numRuns: number): Promise<void> {
  const json: unknown = JSON.parse(text);
  await fc.assert(
    fc.asyncProperty(mutations, async ({ steps, what, by }) => {
      const mutation = JSON.stringify(mutate(json, steps, what, by[0])) ?? '';
      try {
        await use(mutation);
      } catch (error) {
        expect(DpoError.is(error), `${mutation.slice(0, 300)}: ${(error as Error).stack}`).toBe(true);
      }
    }),
    { numRuns, seed: 11, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
  );
}

async function copyOf(fixture: string): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'copy-'));
  await cp(pathOf(fixture), folder, { recursive: true });
  return folder;
}

describe('a hostile', () => {
  it.each(['gpt2', 'llama', 'mistral', 'qwen2', 'qwen3', 'gemma2', 'gemma3', 'gpt-neox', 'gptj'])(
    'config.json of %s is an error of ours or a model',
    async (name) => {
      const folder = await copyOf(`models/${name}`);
      const file = join(folder, 'config.json');
      await survives(
        await readFile(file, 'utf8'),
        async (text) => {
          await writeFile(file, text);
          (await loadModel(testEngine(), folder)).model.dispose();
        },
        25,
      );
    },
  );

  it.each(['roberta', 'distilbert', 'llama'])('config.json of a %s classifier, too', async (name) => {
    const folder = await copyOf(`classifiers/${name}`);
    const file = join(folder, 'config.json');
    await survives(
      await readFile(file, 'utf8'),
      async (text) => {
        await writeFile(file, text);
        (await loadClassifier(testEngine(), folder)).classifier.dispose();
      },
      20,
    );
  });

  it.each(['gpt2-dora', 'llama-untied'])('adapter_config.json of %s, too', async (name) => {
    const folder = await copyOf(`lora/${name}`);
    const base = name === 'gpt2-dora' ? 'gpt2' : name;
    const file = join(folder, 'adapter_config.json');
    const { model } = await loadModel(testEngine(), pathOf(`models/${base}`));
    await survives(
      await readFile(file, 'utf8'),
      async (text) => {
        await writeFile(file, text);
        const adapted = await loadAdapter(model, folder);
        for (const variable of adapted.trainable().values()) variable.dispose();
      },
      25,
    );
  });

  it('index of weights, too', async () => {
    const folder = join(scratch, 'sharded');
    await saveModel(tinyLlama(testEngine()), folder, { maxShardBytes: 20_000 });
    const file = join(folder, 'model.safetensors.index.json');
    await survives(
      await readFile(file, 'utf8'),
      async (text) => {
        await writeFile(file, text);
        const weights = await openSafetensors(folder);
        await weights.close();
      },
      50,
    );
  });

  it('header of weights, too', async () => {
    const whole = await readFile(pathOf('lora/llama/adapter_model.safetensors'));
    const length = Number(whole.readBigUInt64LE(0));
    const file = join(scratch, 'header.safetensors');
    await survives(
      whole.subarray(8, 8 + length).toString(),
      async (text) => {
        const header = Buffer.from(text);
        const start = Buffer.alloc(8);
        start.writeBigUInt64LE(BigInt(header.length));
        await writeFile(file, Buffer.concat([start, header, whole.subarray(8 + length)]));
        const weights = await openSafetensors(file);
        for (const [name, { byteLength }] of weights.tensors)
          expect((await weights.readBytes(name)).length).toBe(byteLength);
        await weights.close();
      },
      80,
    );
  });

  it.each(['smollm', 'unigram', 'sentencepiece-bpe', 'word-piece'])(
    'tokenizer.json of %s is an error of ours or a tokenizer that encodes',
    async (name) => {
      const text = await readFile(pathOf(`tokenizer/${name}.tokenizer.json`), 'utf8');
      await survives(
        text,
        (mutation) => {
          const tokenizer = createTokenizer({ 'tokenizer.json': mutation });
          tokenizer.decode(tokenizer.encode('Hello, wörld! 日本 42\n'));
        },
        150,
      );
    },
  );

  it.each(['sentencepiece', 'word-piece'])('tokenizer in GGUF like that of %s, too', async (name) => {
    const gguf = await openGguf(diskFolder(pathOf('gguf_files')), `${name}.gguf`);
    await gguf.close();
    await survives(
      JSON.stringify(Object.fromEntries(gguf.metadata)),
      (mutation) => {
        const json: unknown = JSON.parse(mutation);
        if (typeof json !== 'object' || json === null || Array.isArray(json)) return;
        const metadata = new Map(Object.entries(json));
        const tokenizer = createTokenizer(ggufTokenizerFiles(new GgufMetadata('some.gguf', metadata), 64));
        tokenizer.decode(tokenizer.encode('Hello, wörld! 日本 42\n'));
      },
      80,
    );
  });

  it('nesting is an error of ours', async () => {
    const folder = await copyOf('models/llama');
    for (const deep of [`${'['.repeat(1e5)}${']'.repeat(1e5)}`, `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`]) {
      await writeFile(join(folder, 'config.json'), `{"model_type":"llama","x":${deep}}`);
      await expect(loadModel(testEngine(), folder)).rejects.toSatisfy((error: unknown) => DpoError.is(error));
    }
  });
});
