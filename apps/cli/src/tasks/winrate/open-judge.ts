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

/** A judge, opened as late as it may be. */
export interface JudgeOpener {
  /** Asks the judge for the first time, where that shows what is wrong, before anything is answered. */
  readonly prepare?: () => Promise<void>;
  readonly open: () => Promise<Judge>;
  /** Notes on what was judged, such as its cost. */
  readonly notes?: (verdicts: readonly StoredVerdict[]) => readonly string[];
}

/**
 * Looks at what `--judge` names, and refuses what cannot judge before anything is answered or paid.
 *
 * @throws DpoError `cli.usage` when a judge that reads has no rubric; `eval.bad-rubric`; those of {@link endpointJudge}; file errors
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

/** Whether a judge is named by an address. Other than model names, addresses have a scheme. */
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
      context.note(`The judge says its verdicts by ${ready.manner.rung.name}.`);
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

/** Servers may answer with another model than the one that was asked for. */
function otherNames(verdicts: readonly StoredVerdict[], asked: string): string[] {
  const names = new Set(verdicts.flatMap(({ judge_reported }) => judge_reported ?? []));
  names.delete(asked);
  if (names.size === 0) return [];
  return [`Asked for ${asked}, the judge calls itself ${[...names].join(', ')}.`];
}

/** The template that `--rubric` names: by its name, in a file, or as a text. */
export async function templateOf({ rubric, ties }: WinrateOptions): Promise<JudgeTemplate> {
  if (rubric === undefined)
    throw new DpoError(USAGE, 'dpo eval winrate: a judge that reads needs --rubric, which says what is better.', {
      hint: `Name one of ${rubrics.map(({ name }) => name).join(', ')}, a file, or say it in a sentence; --preset tldr and hh have theirs.`,
    });
  const isFile = !rubrics.some(({ name }) => name === rubric) && (await isThere(rubric));
  return judgeTemplate(isFile ? await readTextFile(rubric) : rubric, { ties });
}
