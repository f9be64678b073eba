import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { isThere } from '@dpo/base/files';
import type { Engine } from '@dpo/engine';
import { type Answer, type PairedAnswers, pairAnswers, readAnswers } from '@dpo/eval';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';
import { drawAnswers, writeAnswers } from './draw-answers.js';
import { type AskedPrompts, promptsToAnswer } from './prompts-to-answer.js';

/** Files of a win rate's folder. Each is a file that `--answers` and `--against` take. */
export const FILES = { model: 'answers.jsonl', baseline: 'against.jsonl' } as const;

/**
 * The pairs to be judged: answers from files, from models that draw them, or from a dataset. All of them are in the output folder
 * afterwards.
 *
 * @param onReadable called when all that is read is known to be good, before anything is drawn or written
 */
export async function collectAnswers(
  options: WinrateOptions,
  openEngine: () => Promise<Engine>,
  context: Context,
  onReadable: () => Promise<void>,
): Promise<PairedAnswers> {
  const asked = await promptsToAnswer(options, context);
  // Files first: what is wrong with them shows before a model is opened.
  const given = options.answers === undefined ? undefined : await fileOfAnswers(options.answers, options.limit);
  const against = options.against === undefined ? undefined : await fileOfAnswers(options.against);
  if (given !== undefined) pairAnswers(given, against ?? asked?.chosen ?? given);
  await onReadable();
  const model = given ?? (await drawn('model', options, asked, openEngine, context));
  const baseline =
    against ??
    (options.baseline === undefined
      ? (asked?.chosen ?? [])
      : await drawn('baseline', options, asked, openEngine, context));
  await writeAnswers(join(options.output, FILES.model), model);
  await writeAnswers(join(options.output, FILES.baseline), baseline);
  const paired = pairAnswers(model, baseline);
  if (paired.unused > 0) context.note(`The baseline answers ${paired.unused} more prompts, which are left aside.`);
  return paired;
}

/** Reads answers from a file, or from the folder of another win rate: there the model's. */
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
  const kept = new Set([...new Set(answers.map(({ prompt }) => JSON.stringify(prompt)))].slice(0, limit));
  return answers.filter(({ prompt }) => kept.has(JSON.stringify(prompt)));
}

async function drawn(
  side: 'model' | 'baseline',
  options: WinrateOptions,
  asked: AskedPrompts | undefined,
  openEngine: () => Promise<Engine>,
  context: Context,
): Promise<Answer[]> {
  const name = options[side];
  if (name === undefined || asked === undefined) return [];
  const own = side === 'baseline' ? options.baselineTemperature : undefined;
  const temperatures = own === undefined ? [...new Set(options.temperatures)] : [own];
  return drawAnswers(
    { name, prompts: asked.prompts, temperatures, file: join(options.output, FILES[side]) },
    options,
    openEngine,
    context,
  );
}
