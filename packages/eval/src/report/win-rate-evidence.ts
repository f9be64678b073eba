import { DpoError } from '@dpo/base';
import { type BesideJudge, besideJudge } from '../human/beside-judge.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { byTemperature, type TemperatureReport } from '../winrate/by-temperature.js';
import { verdictsByPair } from '../winrate/pair-scores.js';
import type { RateOptions } from '../winrate/rate-interval.js';
import { type WinRateReport, winRateReport } from '../winrate/win-rate-report.js';
import { type JudgedCase, judgedCases, type PairTexts } from './judged-case.js';

/** All that a report shows of a win rate, from verdicts, and from texts and people's votes when there are any. */
export interface WinRateEvidence {
  readonly report: WinRateReport;
  /** One report for each temperature; verdicts without a temperature have one as well. */
  readonly temperatures: readonly TemperatureReport[];
  readonly cases: readonly JudgedCase[];
  /** The judges that were asked, with the names by which they answered when these differ. */
  readonly judges: readonly string[];
  /** People's votes beside the judge; undefined without votes on the same pairs. */
  readonly people: BesideJudge | undefined;
  /** The sum over the verdicts with a cost, in the currency of the price table. */
  readonly cost: number | undefined;
  /** The sum over the verdicts with numbers of tokens. */
  readonly tokens: number | undefined;
}

/**
 * Computes all that the report shows. The same verdicts and seed give the same figures.
 *
 * @param options.texts the answers that were compared
 * @param options.votes people's verdicts on some of the same pairs
 * @throws DpoError `eval.no-values` without a verdict; `human.other-answers` for votes on other texts
 */
export function winRateEvidence(
  verdicts: readonly StoredVerdict[],
  options: RateOptions & {
    readonly texts?: readonly PairTexts[] | undefined;
    readonly votes?: readonly StoredVerdict[] | undefined;
  } = {},
): WinRateEvidence {
  const { texts, votes = [] } = options;
  return {
    report: winRateReport(verdicts, options),
    temperatures: byTemperature(verdicts, options),
    cases: judgedCases(verdictsByPair(verdicts), texts, verdictsByPair(votes)),
    judges: judgesOf(verdicts),
    people: peopleBeside(verdicts, votes, options),
    cost: sumOf(verdicts.map(({ cost }) => cost)),
    tokens: sumOf(verdicts.flatMap((verdict) => [verdict.prompt_tokens, verdict.completion_tokens])),
  };
}

function judgesOf(verdicts: readonly StoredVerdict[]): string[] {
  const names = verdicts.flatMap(({ judge_asked: name, judge_reported: ownName }) => {
    if (name === undefined) return ownName ?? [];
    return ownName === undefined || ownName === name ? name : `${name} (answered as ${ownName})`;
  });
  return [...new Set(names)];
}

function sumOf(values: readonly (number | undefined)[]): number | undefined {
  const numbers = values.filter((value) => value !== undefined);
  return numbers.length === 0 ? undefined : numbers.reduce((sum, value) => sum + value, 0);
}

/** Undefined when people voted on none of the pairs. */
function peopleBeside(
  verdicts: readonly StoredVerdict[],
  votes: readonly StoredVerdict[],
  options: RateOptions,
): BesideJudge | undefined {
  try {
    return votes.length === 0 ? undefined : besideJudge(verdicts, votes, options);
  } catch (error) {
    if (DpoError.is(error, 'human.no-common-pair')) return undefined;
    throw error;
  }
}
