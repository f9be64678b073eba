import { relative } from 'node:path';
import { duration, header, heldOutOpenings } from '@dpo/run/command-line';
import { evaluationLines } from '../ui/evaluation.js';
import { shellWord } from '../ui/shell-word.js';
import type { DemoResult } from './run-demo.js';

/** The folder of a demo when `--output` names none. */
export const DEMO_OUTPUT = 'runs/demo';

/** The options that must be the same when a demo goes on. */
export interface SameDemo {
  readonly output: string;
  readonly model?: string | undefined;
  readonly tiny: boolean;
  readonly loraRank?: number | undefined;
  readonly seed: number;
}

/**
 * The note about a demo that was interrupted: the command that goes on. The note has the whole command, since `--resume` after
 * `npm run demo` would go to npm.
 */
export function keptNote({ output, model, tiny, loraRank, seed }: SameDemo): string {
  const words = [
    ...(tiny ? ['--tiny'] : []),
    ...(model === undefined ? [] : ['--model', shellWord(model)]),
    ...(output === DEMO_OUTPUT ? [] : ['--output', shellWord(output)]),
    ...(loraRank === undefined ? [] : ['--lora-rank', loraRank]),
    ...(seed === 0 ? [] : ['--seed', seed]),
  ];
  return `What is done so far is kept. Go on: ${['dpo demo', ...words, '--resume'].join(' ')}`;
}

/**
 * The last lines of a demo: the measurements, the files, and a command to try next.
 *
 * @param program the words that start the program, as the user types them
 */
export function demoSummary(
  { evaluation, folder, report }: Exclude<DemoResult, { checkpoint: unknown }>,
  output: string,
  seconds: number,
  program: string,
): string[] {
  const here = (path: string) => relative(process.cwd(), path) || path;
  const prompt = `${header}${heldOutOpenings[0] ?? ''}`.replaceAll('\n', '\\n');
  return [
    '',
    `Done in ${duration(seconds)}. On ${evaluation.prompts} held-out openings:`,
    ...evaluationLines(evaluation),
    '',
    `Report   ${here(report)}`,
    `Model    ${here(folder)} (opens in Python transformers)`,
    `Files    ${here(output)}: prompts, samples, pairs.arrow, metrics.jsonl, evaluation.json`,
    '',
    'Try next:',
    `  ${program} generate --model ${shellWord(here(folder))} --prompt $'${prompt}' --max-new-tokens 24 --samples 3`,
  ];
}
