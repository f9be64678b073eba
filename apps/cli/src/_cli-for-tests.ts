import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testEngine } from '@dpo/engine/test';
import { createModel, saveModel } from '@dpo/models';
import { tinyTokenizer } from '@dpo/models/test';
import { runCommand } from './command/run.js';
import { commands } from './commands/index.js';

/** What a run of the command line said. */
export interface CliResult {
  readonly code: number;
  readonly out: readonly string[];
  readonly notes: readonly string[];
}

/** Runs the command line in this process. `onProgress` may stop it, as Ctrl-C would. */
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

/** A folder with a tiny GPT-2 and its tokenizer, as `saveModel` writes it. `positions`: the longest text, in tokens. */
export async function tinyModelFolder(folder: string, seed = 1, positions = 64): Promise<string> {
  const engine = testEngine();
  const tokenizer = tinyTokenizer();
  const config = {
    model_type: 'gpt2',
    vocab_size: tokenizer.vocabSize,
    n_embd: 16,
    n_layer: 1,
    n_head: 2,
    n_positions: positions,
    initializer_range: 0.1,
  };
  await saveModel(createModel(engine, config, { seed }), folder, {
    source: { tokenizerFiles: { ...tokenizer.files } },
  });
  await engine.dispose();
  return folder;
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
