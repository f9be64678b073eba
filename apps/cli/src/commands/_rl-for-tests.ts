import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliResult, runCli, tinyModelFolder } from '../_cli-for-tests.js';

/** A folder with a tiny model, four prompts and a reward, and how `dpo rl` is run on them. */
export interface RlFolder {
  readonly folder: string;
  readonly at: (name: string) => string;
  /** The command line of a run on the portable engine. */
  readonly argsOf: (output: string, ...more: string[]) => string[];
  readonly rl: (output: string, ...more: string[]) => Promise<CliResult>;
  /** The records of a run. */
  readonly records: (run: string) => Promise<Record<string, number>[]>;
  /** The bytes of a run's trained model. */
  readonly weights: (run: string) => Promise<Buffer>;
}

/** Makes the folder; whoever calls removes it. */
export async function rlFolder(): Promise<RlFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'dpo-rl-'));
  const at = (name: string) => join(folder, name);
  await tinyModelFolder(at('model'));
  const prompts = ['Good', 'The film', 'I', 'A day'].map((prompt) => JSON.stringify({ prompt, label: 1 }));
  await writeFile(at('prompts.jsonl'), prompts.join('\n'));
  // The reward is the prompt's length and one more than the answer's number of letters a.
  await writeFile(
    at('letters.mjs'),
    'export default async (prompt, answers) => answers.map((a) => prompt.length + a.split("a").length);',
  );
  const argsOf = (output: string, ...more: string[]) => [
    ...['rl', '--model', at('model'), '--data', at('prompts.jsonl'), '--output', at(output), '--engine', 'cpu'],
    ...['--reward', at('letters.mjs'), '--prompts-per-batch', '2', '--samples', '2', '--max-new-tokens', '4'],
    ...['--learning-rate', '0.01', '--no-tensorboard', ...more],
  ];
  const records = async (run: string) =>
    (await readFile(at(`${run}/metrics.jsonl`), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>);
  return {
    ...{ folder, at, argsOf, records },
    rl: (output, ...more) => runCli(argsOf(output, ...more)),
    weights: (run) => readFile(at(`${run}/final/model.safetensors`)),
  };
}
