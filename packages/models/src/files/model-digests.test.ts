import { cp, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureFolder } from '../test/_fixtures-for-tests.js';
import { modelDigests } from './model-digests.js';

let folder: string;
let model: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-digests-'));
  model = join(folder, 'model');
  await cp(fixtureFolder('llama'), model, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The names of the files whose digests differ. */
async function changedBy(change: () => Promise<unknown>): Promise<string[]> {
  const before = await modelDigests(model);
  await change();
  const after = await modelDigests(model);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]);
}

async function flip(name: string): Promise<void> {
  const path = join(model, name);
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  await writeFile(path, bytes);
}

it('names the weights’ file when one of its bits differs', async () => {
  expect(await changedBy(() => flip('model.safetensors'))).toEqual(['model.safetensors']);
});

it('names files that are changed, new or removed', async () => {
  const add = (name: string, text: string) => () => writeFile(join(model, name), text);
  expect(await changedBy(add('tokenizer_config.json', '{"chat_template":"{{ x }}"}'))).toEqual([
    'tokenizer_config.json',
  ]);
  expect(await changedBy(add('chat_template.jinja', '{{ messages }}'))).toEqual(['chat_template.jinja']);
  expect(await changedBy(add('generation_config.json', '{"eos_token_id":[1,2]}'))).toEqual(['generation_config.json']);
  expect(await changedBy(() => rm(join(model, 'chat_template.jinja')))).toEqual(['chat_template.jinja']);
  const config = await readFile(join(model, 'config.json'), 'utf8');
  expect(await changedBy(add('config.json', config.replace('{', '{"initializer_range": 0.5,')))).toEqual([
    'config.json',
  ]);
});

it('ignores dates, places and files that are not read', async () => {
  const before = await modelDigests(model);
  await utimes(join(model, 'model.safetensors'), new Date(0), new Date(0));
  await writeFile(join(model, 'README.md'), 'other words');
  await rename(model, join(folder, 'moved'));
  expect(await modelDigests(join(folder, 'moved'))).toEqual(before);
});

it('has one digest of a GGUF file', async () => {
  const file = fileURLToPath(new URL('../../../../tooling/parity/fixtures/gguf_models/', import.meta.url));
  const digests = await modelDigests(join(file, 'qwen3.gguf'));
  expect(Object.keys(digests)).toEqual(['qwen3.gguf']);
});
