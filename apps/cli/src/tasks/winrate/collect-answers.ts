import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { isThere } from '@dpo/base/files';
import type { Collective, Engine } from '@dpo/engine';
import { type Answer, type PairedAnswers, pairAnswers, readAnswers } from '@dpo/eval';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';
import { drawAnswers, writeAnswers } from './draw-answers.js';
import type { PromptsToAnswer } from './prompts-to-answer.js';

/** Files of a win rate's folder. Each is a file that `--answers` and `--against` take. */
export const FILES = { model: 'answers.jsonl', baseline: 'against.jsonl' } as const;

/** Who draws answers, and to which prompts. */
export interface Drawers {
  /** Undefined without `--data` and `--prompts`. */
  readonly toAnswer: PromptsToAnswer | undefined;
  readonly openEngine: () => Promise<Engine>;
  readonly collective: Collective;
}

/**
 * The pairs to be judged: answers from files, from models that draw answers, or from a dataset. All answers are written into the
 * output folder. Workers share the drawing; only the first writes, and has the pairs.
 *
 * @param onReadable called when all inputs are known to be good, before anything is drawn or written
 * @throws DpoError `eval.no-samples`, and the errors of reading answers and data, of pairing, and of models
 */
export async function collectAnswers(
  options: WinrateOptions,
  drawers: Drawers,
  context: Context,
  onReadable: () => Promise<void>,
): Promise<PairedAnswers | undefined> {
  const { toAnswer, collective } = drawers;
  // Faults of the files are found before a model is opened.
  const ofModel = options.answers === undefined ? undefined : await fileOfAnswers(options.answers, options.limit);
  const against = options.against === undefined ? undefined : await fileOfAnswers(options.against);
  if (ofModel !== undefined) pairAnswers(ofModel, against ?? toAnswer?.chosen ?? ofModel);
  await onReadable();
  const model = ofModel ?? (await drawSide('model', options, drawers, context));
  const baseline =
    against ??
    (options.baseline === undefined ? (toAnswer?.chosen ?? []) : await drawSide('baseline', options, drawers, context));
  if (collective.rank > 0) return undefined;
  await writeAnswers(join(options.output, FILES.model), model);
  await writeAnswers(join(options.output, FILES.baseline), baseline);
  const answers = pairAnswers(model, baseline);
  if (answers.unused > 0) context.note(`The baseline answers ${answers.unused} more prompts, which are left aside.`);
  return answers;
}

/** Reads answers from a file, or the model's answers from the folder of another win rate. */
async function fileOfAnswers(path: string, limit?: number): Promise<Answer[]> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  const file = isFolder ? join(path, FILES.model) : path;
  if (isFolder && !(await isThere(file)))
    throw new DpoError('eval.no-samples', `${path} is a folder without ${FILES.model}: no answers were kept there.`, {
      values: { folder: path },
      hint: 'Name a file of answers, the folder of a win rate, or the model itself by --model.',
    });
  const answers = await readAnswers(file);
  if (limit === undefined) return answers;
  const prompts = new Set([...new Set(answers.map(({ prompt }) => JSON.stringify(prompt)))].slice(0, limit));
  return answers.filter(({ prompt }) => prompts.has(JSON.stringify(prompt)));
}

async function drawSide(
  side: 'model' | 'baseline',
  options: WinrateOptions,
  { toAnswer, openEngine, collective }: Drawers,
  context: Context,
): Promise<Answer[]> {
  const name = options[side];
  if (name === undefined || toAnswer === undefined) return [];
  const temperature = side === 'baseline' ? options.baselineTemperature : undefined;
  const temperatures = temperature === undefined ? [...new Set(options.temperatures)] : [temperature];
  return drawAnswers(
    { name, prompts: toAnswer.prompts, temperatures, file: join(options.output, FILES[side]), collective },
    options,
    openEngine,
    context,
  );
}
