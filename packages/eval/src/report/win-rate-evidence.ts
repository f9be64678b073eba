import { DpoError } from '@dpo/base';
import { type BesideJudge, besideJudge } from '../human/beside-judge.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { byTemperature, type TemperatureReport } from '../winrate/by-temperature.js';
import { verdictsByPair } from '../winrate/pair-scores.js';
import type { RateOptions } from '../winrate/rate-interval.js';
import { type WinRateReport, winRateReport } from '../winrate/win-rate-report.js';
import { type JudgedCase, judgedCases, type PairTexts } from './judged-case.js';

/** All that a report shows of a win rate, from verdicts and, where they are there, texts and people's votes. */
export interface WinRateEvidence {
  readonly report: WinRateReport;
  /** One for verdicts that say no temperature. */
  readonly temperatures: readonly TemperatureReport[];
  readonly cases: readonly JudgedCase[];
  /** Who was asked; who answered, where that is another name. */
  readonly judges: readonly string[];
  /** People's votes beside the judge, where there are any on the same pairs. */
  readonly people: BesideJudge | undefined;
  /** Sums over the verdicts that say them. */
  readonly cost: number | undefined;
  readonly tokens: number | undefined;
}

/**
 * Computes what the report shows. Nothing is judged, and the same verdicts and seed give the same figures.
 *
 * @param options.votes people's verdicts on some of the same pairs
 * @throws DpoError `eval.no-values` without a verdict; `human.other-answers` for votes on other answers
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
  const names = verdicts.flatMap(({ judge_asked: asked, judge_reported: reported }) => {
    if (asked === undefined) return reported ?? [];
    return reported === undefined || reported === asked ? asked : `${asked} (answered as ${reported})`;
  });
  return [...new Set(names)];
}

function sumOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

/** Undefined where people voted on none of the pairs. */
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
