import { DpoError } from '@dpo/base';
import { isThere, readTextFile } from '@dpo/base/files';
import type { Engine } from '@dpo/engine';
import { type Judge, type JudgeTemplate, judgeTemplate, rubrics } from '@dpo/eval';
import { namesScorer, openModel, openScorer, USAGE } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';
import { modelJudge } from './model-judge.js';
import { rewardJudge } from './reward-judge.js';

/** A judge, opened as late as it may be. */
export interface JudgeOpener {
  /** What `judge_asked` of the verdicts says. */
  readonly open: () => Promise<Judge>;
}

/**
 * Looks at what `--judge` names, and refuses what cannot judge before anything is answered.
 *
 * @throws DpoError `cli.usage` when a judge that reads has no rubric; `eval.bad-rubric`; file errors
 */
export async function judgeFor(
  options: WinrateOptions,
  openEngine: () => Promise<Engine>,
  context: Context,
): Promise<JudgeOpener> {
  const { judge: name } = options;
  if ((await isThere(name)) && (await namesScorer(name, context)))
    return { open: async () => rewardJudge(name, await openScorer(await openEngine(), name, context)) };
  const template = await templateOf(options);
  return {
    open: async () => modelJudge(name, await openModel(await openEngine(), name, context), template),
  };
}

/** The template that `--rubric` names: by its name, in a file, or as a text. */
async function templateOf({ rubric, ties }: WinrateOptions): Promise<JudgeTemplate> {
  if (rubric === undefined)
    throw new DpoError(USAGE, 'dpo eval winrate: a judge that reads needs --rubric, which says what is better.', {
      hint: `Name one of ${rubrics.map(({ name }) => name).join(', ')}, a file, or say it in a sentence; --preset tldr and hh have theirs.`,
    });
  const isFile = !rubrics.some(({ name }) => name === rubric) && (await isThere(rubric));
  return judgeTemplate(isFile ? await readTextFile(rubric) : rubric, { ties });
}
