import { join, resolve } from 'node:path';
import type { RunOptions, RunRecord, RunResult } from '@dpo/run';
import { duration, short } from '@dpo/run/command-line';
import type { Context } from '../command/define.js';
import { EXIT } from '../command/run.js';
import { offerEngine } from '../session/offer-engine.js';
import { shellWord } from '../ui/shell-word.js';
import { nothingSavedNote, type ResumeOptions, savedNote } from './interruption.js';
import { progressSink } from './progress.js';

/** The options that the last lines of a training mention. */
interface ConcludeOptions extends ResumeOptions {
  readonly engine: string;
  readonly output: string;
  readonly maxTime?: string | undefined;
  readonly patience?: number | undefined;
  readonly evalMetric?: string | undefined;
}

/**
 * Trains with progress, notes and warnings on the terminal, and notes how the training ended. Returns the exit code.
 *
 * @param next gives a command to go on with, from the folder of the trained model as a word of the shell
 */
export async function trainAndConclude(
  options: ConcludeOptions,
  train: (options: RunOptions) => Promise<RunResult>,
  next: (final: string) => string,
  context: Context,
): Promise<number> {
  const { cluster } = context;
  const { interrupted, folder, records, steps, seconds } = await train({
    ...context,
    sinks: [progressSink(context)],
    beforeData: () => offerEngine(options, context),
  });
  if ((cluster?.rank ?? 0) > 0) {
    context.note(`Ended with step ${records.at(-1)?.step ?? 0} of ${steps}. The first worker has the run's folder.`);
    return interrupted ? EXIT.interrupted : EXIT.done;
  }
  if (interrupted || folder === undefined) {
    context.note(folder === undefined ? nothingSavedNote(options) : savedNote(folder));
    return EXIT.interrupted;
  }
  const last = records.at(-1);
  if (last !== undefined) {
    if (last.step < steps) context.note(earlyEndNote(options, last.step, steps));
    const accuracy = last['rewards/accuracies'];
    context.note(
      `Trained ${last.step} steps in ${duration(seconds)}: loss ${short(last.loss)}` +
        (accuracy === undefined
          ? rewardPart(last)
          : `, reward margin ${short(last['rewards/margins'])}, accuracy ${accuracy.toFixed(2)}.`),
    );
  }
  context.out(folder);
  context.note(`Report: ${join(resolve(options.output), 'report.html')}`);
  context.note(`Next: ${next(shellWord(join(options.output, 'final')))}`);
  return EXIT.done;
}

/** The mean reward of the last batch, in a run that has a reward. */
function rewardPart({ reward, 'objective/kl': kl }: RunRecord): string {
  return reward === undefined ? '.' : `, reward ${short(reward)} at a KL of ${short(kl)} nats an answer.`;
}

function earlyEndNote({ maxTime, patience, evalMetric }: ConcludeOptions, step: number, steps: number): string {
  const reasons = [
    ...(maxTime === undefined ? [] : [`the time of ${maxTime} was up`]),
    ...(patience === undefined ? [] : [`${evalMetric} was no better in ${patience} evaluations`]),
  ];
  return `Ended after ${step} of ${steps} steps: ${reasons.join(', or ')}.`;
}
