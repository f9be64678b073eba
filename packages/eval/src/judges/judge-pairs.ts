import { DpoError } from '@dpo/base';
import { isThere } from '@dpo/base/files';
import { appendVerdicts } from '../verdicts/append-verdicts.js';
import { readVerdicts } from '../verdicts/read-verdicts.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { lastVerdicts, pairKey, questionKey } from '../winrate/pair-scores.js';
import type { Judge, JudgedPair, JudgeReply } from './judge.js';
import { comparisonOf, type Question, type QuestionOptions, questionsOf, verdictHead } from './questions.js';

/** How far a judging is. */
export interface JudgingProgress {
  /** Questions with a verdict, earlier verdicts of the file included. */
  readonly done: number;
  readonly total: number;
  /** The last verdict. */
  readonly verdict: StoredVerdict;
}

/** What was judged. */
export interface Judging {
  /** The last verdict on every question, in the order of the questions. */
  readonly verdicts: readonly StoredVerdict[];
  /** How many questions this judging asked. */
  readonly questions: number;
  /** How many verdicts the file held already. */
  readonly reused: number;
}

/** What is judged, the judge, and the file of verdicts. */
export interface JudgePairsOptions extends QuestionOptions {
  /** The pairs of answers that the questions are about. */
  readonly pairs: readonly JudgedPair[];
  /** Whoever is asked. */
  readonly judge: Judge;
  /** The file of verdicts. When it exists, only questions without a verdict are asked. */
  readonly file: string;
  /** How many questions are open at a time. Default: as many as the judge takes. */
  readonly concurrency?: number | undefined;
  /** Ends the judging. Verdicts on their way are written first. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of each verdict when it is in the file. */
  readonly onProgress?: ((progress: JudgingProgress) => void) | undefined;
}

/**
 * Asks a judge about pairs, and adds each verdict to the file as soon as it comes. Started again on the same file after a kill, the
 * judging asks questions without a verdict, and `failed` ones again. No other question is asked twice, so `unparsable` and
 * `refused` stay.
 *
 * @throws DpoError `eval.no-pairs`; `eval.same-pair`; `eval.other-judging` when the file has verdicts of another judge or
 *   template, or on other answers; `eval.wrong-count` when a judge gives another number of replies than questions;
 *   `verdicts.bad-line`; file errors; whatever the judge rejects with, after the verdicts on their way are written
 */
export async function judgePairs(options: JudgePairsOptions): Promise<Judging> {
  const { pairs, judge, file, signal } = options;
  if (pairs.length === 0) throw new DpoError('eval.no-pairs', 'There is no pair of answers to judge.');
  const questions = questionsOf(pairs, options);
  const verdictsByKey = new Map((await verdictsIn(file)).map((verdict) => [questionKey(verdict), verdict]));
  checkSameJudging(file, questions, verdictsByKey, judge);
  const answered = (question: Question) => verdictsByKey.get(questionKey(verdictHead(question)));
  const missing = questions.filter((question) => (answered(question)?.verdict ?? 'failed') === 'failed');
  const reused = questions.length - missing.length;
  signal?.throwIfAborted();
  const writer = await appendVerdicts(file);
  const limit = options.concurrency ?? judge.concurrency ?? 1;
  const together = judge.askTogether === undefined ? 1 : limit;
  let done = reused;
  try {
    await inTurn(piecesOf(missing, together), Math.ceil(limit / together), signal, async (some) => {
      for (const verdict of await ask(judge, some, signal)) {
        await writer.append(verdict);
        verdictsByKey.set(questionKey(verdict), verdict);
        done++;
        options.onProgress?.({ done, total: questions.length, verdict });
      }
    });
  } finally {
    await writer.close();
  }
  const verdicts = questions.flatMap((question) => answered(question) ?? []);
  return { verdicts, questions: missing.length, reused };
}

async function verdictsIn(file: string): Promise<readonly StoredVerdict[]> {
  if (!(await isThere(file))) return [];
  try {
    return lastVerdicts((await readVerdicts(file)).verdicts);
  } catch (error) {
    if (DpoError.is(error, 'verdicts.empty')) return []; // The judging was killed before the first verdict was whole.
    throw error;
  }
}

/** Refuses to mix two judgings in one file: figures are computed from all its lines. */
function checkSameJudging(
  file: string,
  questions: readonly Question[],
  verdicts: ReadonlyMap<string, StoredVerdict>,
  judge: Judge,
): void {
  const digests = new Map(questions.map(verdictHead).map((head) => [pairKey(head), head.prompt_digest]));
  for (const verdict of verdicts.values()) {
    const why = otherJudging(verdict, judge, digests.get(pairKey(verdict)));
    if (why === undefined) continue;
    throw new DpoError('eval.other-judging', `${file} has verdicts ${why}.`, {
      values: { file, prompt: verdict.prompt_id, judge: judge.name },
      hint: 'Name another file for the verdicts, or ask as before to go on with this one.',
    });
  }
}

function otherJudging(verdict: StoredVerdict, judge: Judge, digest: string | undefined): string | undefined {
  const differs = (was: string | undefined, is: string | undefined) => was !== undefined && was !== is;
  const { prompt_id, judge_asked, template_digest, prompt_digest } = verdict;
  if (differs(judge_asked, judge.name)) return `of another judge, ${judge_asked}`;
  if (differs(template_digest, judge.templateDigest)) return 'by other instructions to the judge';
  if (digest === undefined) return `on an answer to prompt ${prompt_id} that is not asked about now`;
  return differs(prompt_digest, digest) ? `on other answers to prompt ${prompt_id}` : undefined;
}

function piecesOf<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}

async function ask(
  judge: Judge,
  questions: readonly Question[],
  signal: AbortSignal | undefined,
): Promise<StoredVerdict[]> {
  const start = performance.now();
  const comparisons = questions.map(comparisonOf);
  const replies = await (judge.askTogether?.(comparisons, { signal }) ??
    Promise.all(comparisons.map((comparison) => judge.ask(comparison, { signal }))));
  if (replies.length !== questions.length)
    throw new DpoError(
      'eval.wrong-count',
      `${judge.name} gave ${replies.length} replies to ${questions.length} questions.`,
      {
        values: { judge: judge.name, replies: replies.length, questions: questions.length },
      },
    );
  const milliseconds = Math.round((performance.now() - start) / questions.length);
  return questions.map((question, i) => ({
    ...verdictHead(question),
    judge_asked: judge.name,
    template_digest: judge.templateDigest,
    ...(replies[i] as JudgeReply),
    milliseconds,
  }));
}

/**
 * Works on the items in their order, at most `limit` at a time. After a rejection or an abort no further item is begun, and the
 * work on the way ends first, so that nothing paid for is lost.
 */
async function inTurn<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const worker = async () => {
    while (next < items.length && errors.length === 0 && signal?.aborted !== true) {
      try {
        await work(items[next++] as T);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(limit, items.length)) }, worker));
  if (errors.length > 0) throw errors[0];
  signal?.throwIfAborted();
}
