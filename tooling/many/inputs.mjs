import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const program = fileURLToPath(new URL('apps/cli/dist/bundle/main.js', root));
export const load = (path) => import(new URL(path, root).href);

/** Writes a GPT-2 with random weights, and pairs, into a folder. */
export async function makeInputs(folder, { width = 16, layers = 1, positions = 64, rows = 24, words = 1 } = {}) {
  const [{ createModel, saveModel }, { testEngine }, { tinyTokenizer }] = await Promise.all([
    load('packages/models/dist/index.js'),
    load('packages/engine/dist/test/index.js'),
    load('packages/models/dist/test/index.js'),
  ]);
  const engine = testEngine();
  const tokenizer = tinyTokenizer();
  const config = {
    model_type: 'gpt2',
    vocab_size: tokenizer.vocabSize,
    n_embd: width,
    n_layer: layers,
    n_head: Math.max(2, width / 64),
    n_positions: positions,
  };
  await saveModel(createModel(engine, config, { seed: 1 }), join(folder, 'model'), {
    source: { tokenizerFiles: { ...tokenizer.files } },
  });
  await engine.dispose();
  const lines = Array.from({ length: rows }, (_, i) => ({
    prompt: `Q${i % 5}:${' why'.repeat(words - 1)}`,
    chosen: ` yes ${i}`,
    rejected: ` no, ${i}`,
  }));
  await writeFile(join(folder, 'pairs.jsonl'), lines.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** Starts the program. `before` are words of a program that starts it, such as `ip netns exec a`. */
export function start(args, { env = {}, before = [] } = {}) {
  const [command, ...rest] = [...before, process.execPath, program, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const texts = { out: '', notes: '' };
  const looks = new Set();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    texts.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    texts.notes += text;
    for (const look of looks) look();
  });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...texts })));
  /** Resolves to true once the notes have a text, to false when the process ends without the text. */
  const says = (part) =>
    Promise.race([
      ended.then(() => texts.notes.includes(part)),
      new Promise((resolve) => {
        const look = () => texts.notes.includes(part) && resolve(true);
        looks.add(look);
        look();
      }),
    ]);
  return { child, texts, ended, says };
}
