// The formats: whole files that are damaged, and functions that open a damaged file like a user's command.
import { readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '@dpo/base/safetensors';
import { readCheckpointState, readMetrics } from '@dpo/core';
import { openTokenCache, readLabelled, readPreferences, readRanked, writePreferences } from '@dpo/data';
import { testEngine } from '@dpo/engine/test';
import { readEvaluation, reportData } from '@dpo/eval';
import { checkModel, createTokenizer, loadAdapter, loadModel, loadTokenizer, openModelFiles } from '@dpo/models';

const fixtures = fileURLToPath(new URL('../parity/fixtures/', import.meta.url));
const fixture = (name) => readFile(join(fixtures, name));
const many = (...names) => Promise.all(names.map(fixture));
const TEXT = 'Hello, wörld! 日本 42\n';

/** Reads every row of a dataset with any kind of rows. */
async function readRows(path) {
  const errors = [];
  for (const open of [readPreferences, readLabelled, readRanked]) {
    try {
      for (const _ of await open(path));
    } catch (error) {
      errors.push(error);
    }
  }
  await readPreferences(path, { onError: () => undefined }).catch((error) => errors.push(error));
  if (errors.length > 0) throw worst(errors);
}

/** The first error that is not a DpoError, else the first error. */
function worst(errors) {
  return errors.find(({ name }) => name !== 'DpoError') ?? errors[0];
}

const pairs = [
  { prompt: 'q', chosen: 'a "b", c', rejected: 'd\r\ne', id: 'x', chosenScore: 1.5 },
  { prompt: 'naïve “quotes” 🙂', chosen: 'yes', rejected: 'no', id: 'y' },
];

/** A whole file with this ending, as we write it. */
async function ownFile(folder, ending) {
  const path = join(folder, `seed${ending}`);
  await writePreferences(pairs, path);
  return [await readFile(path)];
}

/** The format of data files with this ending. The whole files are our own and the named fixtures. */
function dataFile(ending, form, fixturesOfIt, own = true) {
  return {
    form,
    seeds: async (folder) => [...(own ? await ownFile(folder, ending) : []), ...(await many(...fixturesOfIt))],
    async open(bytes, folder) {
      const path = join(folder, `data${ending}`);
      writeFileSync(path, bytes);
      await readRows(path);
    },
  };
}

/** The format of a file in a copy of a folder of the fixtures. `open` gets the folder. */
function fileIn(source, file, form, open) {
  return {
    form,
    async seeds(folder) {
      await cp(join(fixtures, source), join(folder, source), { recursive: true });
      return [await fixture(join(source, file))];
    },
    async open(bytes, folder) {
      writeFileSync(join(folder, source, file), bytes);
      await open(join(folder, source));
    },
  };
}

/** The format of a file in a folder with some other files, which `texts` gives by their names. */
function fileBeside(file, form, texts, seeds, open) {
  return {
    form,
    async seeds(folder) {
      for (const [name, text] of Object.entries(await texts())) await writeFile(join(folder, name), text);
      return seeds();
    },
    async open(bytes, folder) {
      writeFileSync(join(folder, file), bytes);
      await open(folder);
    },
  };
}

async function useTokenizer(folder) {
  const tokenizer = await loadTokenizer(folder);
  tokenizer.decode(tokenizer.encode(TEXT));
  tokenizer.chat?.prompt([{ role: 'user', content: TEXT }]);
}

async function readTensors(path) {
  const weights = await openSafetensors(path);
  try {
    for (const name of weights.tensors.keys()) await weights.readBytes(name);
  } finally {
    await weights.close();
  }
}

async function readGguf(path) {
  const files = await openModelFiles(path);
  try {
    for (const name of files.tensors.keys()) await files.read(name);
    if (files.tokenizerFiles['tokenizer.json'] !== undefined) createTokenizer(files.tokenizerFiles).encode(TEXT);
  } finally {
    await files.close();
  }
  await checkModel(path);
}

let base;
async function useAdapter(folder) {
  base ??= loadModel(testEngine(), join(fixtures, 'models/llama'));
  const adapter = await loadAdapter((await base).model, folder);
  for (const variable of adapter.trainable().values()) variable.dispose();
}

const json = (value) => Buffer.from(JSON.stringify(value));
const TEMPLATE =
  "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] | trim }}{% if not loop.last %}\n{% endif %}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
const wordPiece = async () => ({ 'tokenizer.json': await fixture('tokenizer/word-piece.tokenizer.json') });
const CONFIG = {
  tokenizer_class: 'BertTokenizer',
  eos_token: '[SEP]',
  pad_token: { content: '[PAD]', special: true },
  add_bos_token: false,
  added_tokens_decoder: { 0: { content: '[PAD]', special: true } },
  chat_template: [
    { name: 'default', template: TEMPLATE },
    { name: 'tools', template: TEMPLATE },
  ],
};
const KEY = { dataset: 'abc', files: {}, ends: [] };
/** The name of the cache's file, the same in any folder. */
let tokenFile;
const METRICS = { step: 1, loss: 0.69, 'rewards/chosen': 0.1, learning_rate: 1e-6, epoch: 0.5, grad_norm: null };
const STATE = {
  ...{ version: 1, step: 4, updates: 4, skipped: 0, pairs: 16, method: 'dpo' },
  ...{ optimizer: { name: 'adamw', settings: { beta1: 0.9 } }, best: { step: 2, value: 0.5 }, stale: 1 },
};
const estimate = { mean: 0.5, standardError: 0.1, count: 4, clusters: 2, independentError: null };
const rewardKl = { reward: estimate, kl: estimate };

/** The formats by name. `form` says how a file is built, `seeds` makes the whole files in a folder, `open` opens a damaged file. */
export const formats = {
  jsonl: dataFile('.jsonl', 'lines', []),
  csv: dataFile('.csv', 'bytes', []),
  'jsonl.gz': dataFile('.jsonl.gz', 'bytes', []),
  parquet: dataFile(
    '.parquet',
    'bytes',
    ['datasets/plain.parquet', 'datasets/chat.parquet', 'datasets/shapes/kto.parquet'],
    false,
  ),
  arrow: dataFile('.arrow', 'bytes', [
    ...['arrow_types/file-plain.arrow', 'arrow_types/file-lz4.arrow', 'arrow_types/file-zstd.arrow'],
    ...['datasets/ranked.arrow', 'datasets/lz4.arrow'],
  ]),
  'arrow-stream': dataFile(
    '.arrow',
    'bytes',
    [
      'arrow_types/stream-sliced.arrow',
      'arrow_types/replaced.arrow',
      'datasets/stream.arrow',
      'datasets/zstd-stream.arrow',
    ],
    false,
  ),
  'datasets-shard': fileIn('datasets/plain', 'data-00000-of-00002.arrow', 'bytes', readRows),
  'datasets-state': fileIn('datasets/plain', 'state.json', 'json', readRows),
  'token-cache': {
    form: 'bytes',
    async seeds(folder) {
      const cache = await openTokenCache(folder, KEY);
      await cache.load();
      for (const n of [3, 5])
        await cache.append(
          new Map(
            Array.from({ length: n }, (_, i) => [
              `text ${n}, ${i}`.padEnd(16),
              Int32Array.from({ length: i }, () => i),
            ]),
          ),
        );
      await cache.close(true);
      tokenFile = readdirSync(folder).find((file) => file.endsWith('.arrow'));
      return [await readFile(join(folder, tokenFile))];
    },
    async open(bytes, folder) {
      for (const ending of ['.arrow', '.part']) {
        for (const file of readdirSync(folder)) unlinkSync(join(folder, file));
        writeFileSync(join(folder, tokenFile.replace('.arrow', ending)), bytes);
        const cache = await openTokenCache(folder, KEY);
        await cache?.load();
        await cache?.close(true);
      }
    },
  },
  safetensors: {
    form: 'safetensors',
    seeds: () => many('lora/llama/adapter_model.safetensors'),
    async open(bytes, folder) {
      writeFileSync(join(folder, 'x.safetensors'), bytes);
      await readTensors(join(folder, 'x.safetensors'));
    },
  },
  gguf: {
    form: 'bytes',
    seeds: () => many('gguf_files/word-piece.gguf', 'gguf_files/sentencepiece.gguf', 'gguf_files/tiny-llama.gguf'),
    async open(bytes, folder) {
      writeFileSync(join(folder, 'x.gguf'), bytes);
      await readGguf(join(folder, 'x.gguf'));
    },
  },
  config: fileIn('models/llama', 'config.json', 'json', checkModel),
  'adapter-config': fileIn('lora/llama', 'adapter_config.json', 'json', useAdapter),
  'adapter-weights': fileIn('lora/llama', 'adapter_model.safetensors', 'safetensors', useAdapter),
  // A model with a tokenizer, since only then end tokens are read.
  'generation-config': {
    ...fileIn('trl/bytes', 'generation_config.json', 'json', async (folder) => {
      (await loadModel(testEngine(), folder)).model.dispose();
    }),
    seeds: async (folder) => {
      await cp(join(fixtures, 'trl/bytes'), join(folder, 'trl/bytes'), { recursive: true });
      return [json({ eos_token_id: [1, 2], pad_token_id: 0, temperature: 0.6, do_sample: true, top_p: 0.9 })];
    },
  },
  tokenizer: fileBeside(
    'tokenizer.json',
    'json',
    () => ({}),
    () => many('tokenizer/word-piece.tokenizer.json', 'tokenizer/unigram.tokenizer.json'),
    useTokenizer,
  ),
  'tokenizer-config': fileBeside('tokenizer_config.json', 'json', wordPiece, () => [json(CONFIG)], useTokenizer),
  'chat-template': fileBeside('chat_template.jinja', 'bytes', wordPiece, () => [Buffer.from(TEMPLATE)], useTokenizer),
  metrics: fileBeside(
    'metrics.jsonl',
    'lines',
    () => ({}),
    () => [Buffer.from(`${[1, 2, 3].map((step) => JSON.stringify({ ...METRICS, step })).join('\n')}\n`)],
    async (folder) => {
      await readMetrics(folder);
      await reportData(folder);
    },
  ),
  'trainer-state': fileBeside(
    'trainer_state.json',
    'json',
    () => ({}),
    () => [json(STATE)],
    readCheckpointState,
  ),
  'run-config': fileBeside(
    'config.json',
    'json',
    () => ({}),
    () => [json({ version: '0', options: { beta: 0.1 }, seed: 1, data: {} })],
    reportData,
  ),
  evaluation: fileBeside(
    'evaluation.json',
    'json',
    () => ({}),
    () => [
      json({
        ...{ version: 1, reward: 'VADER', prompts: 2, before: rewardKl, after: rewardKl, gain: estimate },
        ...{ rewards: { before: [1], after: [2] }, words: { texts: { before: 1, after: 1 }, counts: [] }, samples: [] },
      }),
    ],
    readEvaluation,
  ),
};
