import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-no-tokenizer-'));
  await writeFile(join(folder, 'rows.jsonl'), '{"prompt":"a","chosen":"b","rejected":"c"}\n');
});
afterEach(() => rm(folder, { recursive: true }));

const score = async (model: string) =>
  (await runCli(['score', '--model', model, '--data', join(folder, 'rows.jsonl'), '--engine', 'cpu'])).notes.join('\n');

it('says which tokenizer files there are, and how to make files that can be read', async () => {
  const model = await tinyModelFolder(join(folder, 'model'));
  await rm(join(model, 'tokenizer.json'));
  expect(await score(model)).toContain('Copy the tokenizer files of the model into its folder.');
  await writeFile(join(model, 'tokenizer.model'), 'a SentencePiece model');
  const notes = await score(model);
  expect(notes).toContain('only as tokenizer.model (SentencePiece)');
  expect(notes).toContain(`AutoTokenizer.from_pretrained(${JSON.stringify(model)})`);
});

it('says that a GGUF file has no tokenizer in it', async () => {
  const gguf = new URL('../../../../tooling/parity/fixtures/gguf_models/qwen3.gguf', import.meta.url);
  const notes = await score(fileURLToPath(gguf));
  expect(notes).toContain('qwen3.gguf has no tokenizer in it');
  expect(notes).toContain('Put tokenizer.json and tokenizer_config.json');
});
