import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import {
  type JudgedPair,
  openRaters,
  planRater,
  type RaterSession,
  readVoteLines,
  type SideNames,
  type StoredVerdict,
  serveRaters,
  verdictsOfVotes,
  votesByRater,
} from '@dpo/eval';
import { USAGE } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';
import { earlyStopLines, howToRate, raterLines } from '../../ui/raters.js';
import { powerLine } from '../../ui/win-rate.js';

/** The value of `--judge` for people. */
const PEOPLE = 'human';

/**
 * Whether people are to judge.
 *
 * @throws DpoError `cli.usage` for people without a name, and for options of people when another judge is named
 */
export function peopleJudge({ judge, rater, planned }: WinrateOptions): boolean {
  const people = judge === PEOPLE;
  if (people && rater === undefined)
    throw new DpoError(USAGE, 'dpo eval winrate: --judge human needs --rater NAME.', {
      hint: 'The name is written beside the votes. Each rater has an order of pairs of their own, and goes on where they stopped.',
    });
  const flag = people ? undefined : [rater && '--rater', planned && '--planned'].find(Boolean);
  if (flag !== undefined) throw new DpoError(USAGE, `dpo eval winrate: ${flag} is for --judge human.`);
  return people;
}

/**
 * Serves each rater a blind page until all raters have ended. Returns the verdicts of all raters that have ended, including the
 * raters of earlier commands on the folder.
 *
 * @throws DpoError `human.no-votes`; the errors of `openRaters` and `serveRaters`; the signal's reason when it is aborted, with all
 *   votes saved
 */
export async function judgeByPeople(
  pairs: readonly JudgedPair[],
  options: WinrateOptions,
  context: Context,
): Promise<readonly StoredVerdict[]> {
  const file = join(options.output, 'votes.jsonl');
  const { rater: raters = [], planned, seed, port } = options;
  const { sessions, torn, close } = await openRaters({ pairs, names: namesOf(options), raters, file, planned, seed });
  try {
    const [rater = ''] = raters;
    const plan = planRater(pairs, { rater, planned, seed }); // the same pairs for all raters
    context.note(powerLine(new Set(plan.map(({ pair }) => pair.promptId)).size));
    if (torn) context.note(`The last line of ${file} was cut while it was written; its vote is asked for again.`);
    if (sessions.some((session) => !hasEnded(session))) await serve(sessions, port, context);
  } finally {
    await close();
  }
  const votes = votesByRater((await readVoteLines(file)).lines);
  for (const line of raterLines(votes)) context.note(line);
  const verdicts = verdictsOfVotes(votes.filter(({ done }) => done));
  if (verdicts.length > 0) return verdicts;
  throw new DpoError('human.no-votes', `${file} holds no vote but skips: nothing can be said.`, { values: { file } });
}

function hasEnded(session: RaterSession): boolean {
  return session.state().kind === 'finished';
}

async function serve(sessions: readonly RaterSession[], port: number, context: Context): Promise<void> {
  const { signal } = context;
  const server = await serveRaters({
    sessions,
    port,
    onChange: ({ rater, done, total }) => context.progress(`${rater}: ${done}/${total}`),
  });
  try {
    for (const line of howToRate(server.pages)) context.note(line);
    await Promise.race([server.finished, aborted(signal)]);
  } finally {
    await context.finishing(() => server.close());
    if (signal.aborted)
      for (const line of earlyStopLines(sessions.map((session) => session.state()))) context.note(line);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function namesOf({ model, answers, baseline, against, data }: WinrateOptions): SideNames {
  return {
    model: model ?? answers ?? 'the model',
    baseline: baseline ?? against ?? `the chosen answers of ${data}`,
  };
}
