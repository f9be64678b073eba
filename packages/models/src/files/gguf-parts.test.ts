import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadModel } from '../model/load-model.js';
import { fixtureExpected } from '../test/_fixtures-for-tests.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { tinyTokenizer } from '../test/tiny-tokenizer.js';
import { openModelFiles } from './open-model-files.js';

const fixtures = fileURLToPath(new URL('../../../../tooling/parity/fixtures/gguf_models/', import.meta.url));
const parts = (await readdir(fixtures)).filter((name) => name.startsWith('qwen2-parts-')).sort();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-gguf-'));
});
afterEach(() => rm(folder, { recursive: true }));

const copy = (name: string, as = name) => copyFile(join(fixtures, name), join(folder, as));

describe('a split model', () => {
  it('is read whole, from each of its parts and from their folder', async () => {
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) await copy(part);
    const { ids, logits } = fixtureExpected('qwen2');
    const want = logits.flat();
    const size = Math.max(...want.map(Math.abs));
    for (const path of [...parts.map((part) => join(folder, part)), folder]) {
      const { model } = await loadModel(testEngine(), path);
      const got = await tokenLogits(model, ids);
      expect(Math.max(...want.map((value, i) => Math.abs((got[i] as number) - value))) / size).toBeLessThan(1e-4);
      model.dispose();
    }
  });

  it('names the part that is missing', async () => {
    await copy(parts[0] as string);
    await expect(openModelFiles(join(folder, parts[0] as string))).rejects.toMatchObject({
      code: 'model.missing-part',
      message: expect.stringContaining(`one of ${parts.length} parts of a model, and ${parts[1]} is not beside it`),
    });
  });

  it('says that a part’s name does not lead to the other parts', async () => {
    await copy(parts[0] as string, 'model.gguf');
    await expect(openModelFiles(join(folder, 'model.gguf'))).rejects.toMatchObject({
      code: 'model.missing-part',
      hint: expect.stringContaining('NAME-00001-of-'),
    });
  });

  it('is not made of the parts of two models', async () => {
    for (const part of parts) await copy(part);
    await copy('qwen3.gguf');
    await expect(openModelFiles(folder)).rejects.toMatchObject({ code: 'model.ambiguous' });
  });
});

it.each([
  ['vocabulary', 'only a vocabulary'],
  ['adapter', 'an adapter (LoRA), not a model'],
])('the GGUF file of a model’s %s is an error of its own', async (name, text) => {
  await expect(openModelFiles(join(fixtures, `${name}.gguf`))).rejects.toMatchObject({
    code: 'model.gguf-is-no-model',
    message: expect.stringContaining(text),
  });
});

describe('a GGUF file without a tokenizer', () => {
  it('uses the tokenizer beside it, with a note, whether the file or its folder is opened', async () => {
    await mkdir(join(folder, 'with'));
    await copy('qwen3.gguf', 'with/model.gguf');
    for (const [name, text] of Object.entries(tinyTokenizer().files)) await writeFile(join(folder, 'with', name), text);
    for (const path of [join(folder, 'with'), join(folder, 'with/model.gguf')]) {
      const { model, tokenizer, notes } = await loadModel(testEngine(), path);
      expect(tokenizer?.encode('hi')).toEqual([104, 105]);
      expect(notes).toEqual([expect.stringContaining('the tokenizer.json beside it is used')]);
      model.dispose();
    }
  });

  it('has none when there is none beside it', async () => {
    await copy('qwen3.gguf');
    const { model, tokenizer, notes } = await loadModel(testEngine(), join(folder, 'qwen3.gguf'));
    expect([tokenizer, notes]).toEqual([undefined, []]);
    model.dispose();
  });
});
