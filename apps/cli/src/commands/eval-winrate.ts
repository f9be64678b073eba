import { join } from 'node:path';
import { alone, type Engine } from '@dpo/engine';
import { byTemperature, judgePairs, type PairedAnswers, rescored, winRateReport } from '@dpo/eval';
import { withWorkers } from '@dpo/run/command-line';
import { type Context, defineCommand } from '../command/define.js';
import { type WinrateOptions, winrateOptions, winratePresets } from '../options/winrate.js';
import { checkSides } from '../tasks/winrate/check-options.js';
import { collectAnswers } from '../tasks/winrate/collect-answers.js';
import { engineOnce } from '../tasks/winrate/engine-once.js';
import { judgeByPeople, peopleJudge } from '../tasks/winrate/judge-by-people.js';
import { judgeFor } from '../tasks/winrate/open-judge.js';
import { promptsToAnswer } from '../tasks/winrate/prompts-to-answer.js';
import { checkRun, recordRun } from '../tasks/winrate/record-run.js';
import { powerLine, temperatureLines, winRateLines } from '../ui/win-rate.js';

/** `dpo eval winrate`: a judge compares a model's answers with a baseline's. */
export const evalWinrateCommand = defineCommand({
  name: 'eval winrate',
  summary: 'Have a judge compare the answers of a model with others',
  options: winrateOptions,
  presets: winratePresets,
  details:
    'The model is --model, or a file of its answers; the baseline is the chosen answers of --data, --baseline, or a file.\n' +
    'The folder gets answers.jsonl, against.jsonl, which --answers and --against take again, and verdicts.jsonl, from which\n' +
    'dpo eval rescore computes every figure. Started again after a kill, the command asks only questions without a verdict.\n' +
    'Example: dpo eval winrate --preset tldr --answers ours.jsonl --against theirs.jsonl --output runs/judged\n' +
    '         --judge http://localhost:8000/v1 --judge-model NAME\n' +
    'With --judge human --rater NAME, a page on this machine shows people the answers without their names, and votes.jsonl\n' +
    'gets every vote. A rater who stops goes on with the same command.',
  whenInterrupted: ({ output }) => `Interrupted: the same command goes on with what ${String(output)} holds.`,
  sharesWork: true,
  run: async (options, context) => {
    checkSides(options);
    const engine = engineOnce(options, context);
    try {
      const judge = peopleJudge(options) ? undefined : await judgeFor(options, engine.open, context);
      const answers = await answersOfWorkers(options, engine.open, context, async () => {
        await checkRun(options);
        await judge?.prepare?.();
        await recordRun(options);
      });
      if (answers === undefined) return 0;
      const { pairs } = answers;
      if (judge === undefined) {
        report(await judgeByPeople(pairs, options, context), options, context);
        return 0;
      }
      context.note(powerLine(new Set(pairs.map(({ promptId }) => promptId)).size));
      const { verdicts } = await judgePairs({
        pairs,
        judge: await judge.open(),
        file: join(options.output, 'verdicts.jsonl'),
        seed: options.seed,
        orders: options.orders,
        repetitionShare: options.repetition,
        signal: context.signal,
        onProgress: ({ done, total }) => context.progress(`${done}/${total} verdicts`),
      });
      for (const note of judge.notes?.(verdicts) ?? []) context.note(note);
      report(verdicts, options, context);
      return 0;
    } finally {
      await engine.dispose();
    }
  },
});

/** The pairs to be judged. Several workers draw them in an engine of their own, which ends before the judging; the first judges. */
async function answersOfWorkers(
  options: WinrateOptions,
  openEngine: () => Promise<Engine>,
  context: Context,
  onReadable: () => Promise<void>,
): Promise<PairedAnswers | undefined> {
  const toAnswer = await promptsToAnswer(options, context);
  if (context.cluster === undefined)
    return collectAnswers(options, { toAnswer, openEngine, collective: alone }, context, onReadable);
  const command = { name: 'eval winrate', options: winrateOptions };
  const facts = async () => ({ 'the prompts': toAnswer?.prompts });
  return withWorkers(command, options, context.cluster, context, facts, ({ engine, collective, leads }) =>
    collectAnswers(
      options,
      { toAnswer, openEngine: async () => engine, collective },
      context,
      leads ? onReadable : async () => undefined,
    ),
  );
}

/** Prints the win rate: as lines, or as one JSON object. */
function report(
  verdicts: Parameters<typeof winRateReport>[0],
  { resamples, seed, json }: WinrateOptions,
  context: Context,
): void {
  const winRate = winRateReport(verdicts, { resamples, seed });
  const temperatures = byTemperature(verdicts, { resamples, seed });
  if (!json) {
    for (const line of [...winRateLines(winRate), ...temperatureLines(temperatures)]) context.out(line);
    return;
  }
  const byTemperatures = temperatures.map(({ temperature, report: ofTemperature, adjustedPValue }) => ({
    temperature: temperature ?? null,
    ...rescored(ofTemperature),
    adjusted_p_value: adjustedPValue,
  }));
  context.out(JSON.stringify({ ...rescored(winRate), temperatures: byTemperatures }, null, 2));
}
