import { DpoError } from '@dpo/base';
import { isThere, readTextFile } from '@dpo/base/files';
import type { Engine } from '@dpo/engine';
import { type ChatJudge, type Judge, type JudgeTemplate, judgeTemplate, rubrics, type StoredVerdict } from '@dpo/eval';
import { namesScorer, openModel, openScorer, USAGE } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';
import { endpointJudge, writeManner } from './endpoint-judge.js';
import { modelJudge } from './model-judge.js';
import { rewardJudge } from './reward-judge.js';

/** A judge whose name and options have been checked. */
export interface JudgeOpener {
  /** Asks the judge for the first time, before any prompt is answered. Only judges behind an address have this function. */
  readonly prepare?: () => Promise<void>;
  /** Opens the judge. */
  readonly open: () => Promise<Judge>;
  /** Notes on the verdicts, such as their cost. */
  readonly notes?: (verdicts: readonly StoredVerdict[]) => readonly string[];
}

/**
 * Checks the judge that `--judge` names, before anything is answered or paid for.
 *
 * @throws DpoError `cli.usage` when a judge that needs a rubric has none; `eval.bad-rubric`; the errors of {@link endpointJudge}; the
 *   codes of `asFileError`
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
  if (isAddress(name)) return endpointOpener(options, template, context);
  return {
    open: async () => modelJudge(name, await openModel(await openEngine(), name, context), template),
  };
}

/** Whether the name of a judge is an address. Addresses have a scheme, names of models do not. */
function isAddress(name: string): boolean {
  return name.includes('://');
}

async function endpointOpener(
  options: WinrateOptions,
  template: JudgeTemplate,
  context: Context,
): Promise<JudgeOpener> {
  const { prepare, ledger } = await endpointJudge(options, template, context);
  let ready: ChatJudge | undefined;
  return {
    prepare: async () => {
      ready = await prepare();
      context.note(`The judge gives its verdicts by ${ready.manner.rung.name}.`);
    },
    open: async () => {
      const judge = ready ?? (await prepare());
      await writeManner(options.output, judge);
      return judge;
    },
    notes: (verdicts) => [
      ...otherNames(verdicts, options.judgeModel ?? ''),
      ...(options.prices === undefined ? [] : [`Spent: ${Number(ledger.total().toPrecision(4))}.`]),
    ],
  };
}

/** A note when a server answered with another model than the user named. */
function otherNames(verdicts: readonly StoredVerdict[], model: string): string[] {
  const names = new Set(verdicts.flatMap(({ judge_reported }) => judge_reported ?? []));
  names.delete(model);
  if (names.size === 0) return [];
  return [`Asked for ${model}, the judge calls itself ${[...names].join(', ')}.`];
}

/**
 * The template of `--rubric`, which is a name, a file, or a text.
 *
 * @throws DpoError `cli.usage` without `--rubric`; `eval.bad-rubric`; the codes of `asFileError`
 */
export async function templateOf({ rubric, ties }: WinrateOptions): Promise<JudgeTemplate> {
  if (rubric === undefined)
    throw new DpoError(USAGE, 'dpo eval winrate: this judge needs --rubric, which says what is better.', {
      hint: `Name one of ${rubrics.map(({ name }) => name).join(', ')}, a file, or say it in a sentence; --preset tldr and hh have theirs.`,
    });
  const isFile = !rubrics.some(({ name }) => name === rubric) && (await isThere(rubric));
  return judgeTemplate(isFile ? await readTextFile(rubric) : rubric, { ties });
}
