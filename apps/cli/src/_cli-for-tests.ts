import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, Variable } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { createModel, type LanguageModel, saveModel } from '@dpo/models';
import { tinyTokenizer } from '@dpo/models/test';
import { runCommand } from './command/run.js';
import { commands } from './commands/index.js';

/** The exit code and the lines of a run of the command line. */
export interface CliResult {
  readonly code: number;
  readonly out: readonly string[];
  readonly notes: readonly string[];
}

/** Runs the command line in this process. `onProgress` may stop the command, as Ctrl-C would. */
export async function runCli(
  args: readonly string[],
  onProgress?: (line: string, stop: () => void) => void,
): Promise<CliResult> {
  const out: string[] = [];
  const notes: string[] = [];
  const controller = new AbortController();
  const context = {
    interactive: false,
    program: 'dpo',
    signal: controller.signal,
    out: (line: string) => out.push(line),
    note: (line: string) => notes.push(line),
    progress: (line: string) => onProgress?.(line, () => controller.abort()),
  };
  const code = await runCommand(commands, args, context, '0.0.0');
  return { code, out, notes };
}

/** Writes a folder with a tiny GPT-2 and its tokenizer. `positions`: the longest text, in tokens. Returns the folder. */
export async function tinyModelFolder(folder: string, seed = 1, positions = 64): Promise<string> {
  const engine = testEngine();
  await saveTiny(tinyModel(engine, seed, positions), folder);
  await engine.dispose();
  return folder;
}

/**
 * A folder with a tiny GPT-2 that nearly always writes a blank, A or B, whatever the model reads: these bytes' embeddings lie far
 * along the first dimension, and so does the bias of the last norm.
 */
export async function labellingModelFolder(folder: string, seed = 1, positions = 64): Promise<string> {
  const engine = testEngine();
  const model = tinyModel(engine, seed, positions);
  const embeddings = model.weights.get('transformer.wte.weight') as Variable;
  const values = await embeddings.read(); // [V, D]
  for (const byte of Buffer.from(' AB')) values[byte * WIDTH] = 3;
  embeddings.write(values);
  model.weights.get('transformer.ln_f.bias')?.write(Float32Array.from({ length: WIDTH }, (_, d) => (d === 0 ? 4 : 0)));
  await saveTiny(model, folder);
  await engine.dispose();
  return folder;
}

/** The width D of tiny models. */
const WIDTH = 16;

function tinyModel(engine: Engine, seed: number, positions: number): LanguageModel {
  const config = {
    model_type: 'gpt2',
    vocab_size: tinyTokenizer().vocabSize,
    n_embd: WIDTH,
    n_layer: 1,
    n_head: 2,
    n_positions: positions,
    initializer_range: 0.1,
  };
  return createModel(engine, config, { seed });
}

function saveTiny(model: LanguageModel, folder: string): Promise<void> {
  return saveModel(model, folder, { source: { tokenizerFiles: { ...tinyTokenizer().files } } });
}

/** A JSONL file of `count` short pairs. */
export async function pairsFile(folder: string, count = 12): Promise<string> {
  const path = join(folder, 'pairs.jsonl');
  const rows = Array.from({ length: count }, (_, i) => ({
    prompt: `Q${i % 5}:`,
    chosen: ` yes ${i}`,
    rejected: ` no, ${i}`,
  }));
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}
