import { smallestDifference } from '../inference/power.js';
import { type SignTest, signTest } from '../inference/sign-test.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { type JudgePanel, judgePanel } from './judge-panel.js';
import { type LengthBias, lengthBias } from './length-bias.js';
import { type LengthControl, lengthControl, type PairWithLengths } from './length-control.js';
import { type PairVerdicts, type ScoredPair, scoredPairs, verdictsByPair } from './pair-scores.js';
import { promptMeans } from './prompt-means.js';
import { type Conclusion, conclude, type Rate, type RateOptions, rateInterval } from './rate-interval.js';

/** What lost verdicts can change. */
export interface Bounds {
  /** The win rate with all lost verdicts against the model, with its interval. */
  readonly worst: Rate;
  /** The win rate with all lost verdicts for the model, with its interval. */
  readonly best: Rate;
  /** Whether the conclusion depends on lost verdicts. */
  readonly flips: boolean;
}

/** All that verdicts say of a model beside a baseline. Rates are shares, 0 to 1, and a tie counts one half. */
export interface WinRateReport {
  readonly prompts: number;
  readonly pairs: number;
  /** Pairs with a score, of which the rate is the mean. */
  readonly scored: number;
  /** Undefined when all verdicts were lost. */
  readonly raw: Rate | undefined;
  /** The rate over the pairs of which every order was answered. It differs from `raw` when losses depend on the order. */
  readonly answeredInFull: { readonly pairs: number; readonly rate: number | undefined };
  readonly bounds: Bounds;
  /** Undefined without a rate. */
  readonly conclusion: Conclusion | undefined;
  /** The sign test on the prompts' mean scores. */
  readonly signs: SignTest;
  readonly panel: JudgePanel;
  /** Pairs with both lengths. Without any, `lengthControl` and `lengthBias` are undefined. */
  readonly withLengths: number;
  readonly lengthControl: LengthControl | undefined;
  readonly lengthBias: LengthBias | undefined;
  /** The smallest distance from one half that so many prompts with a score show at 80 % power. Undefined without a score. */
  readonly smallestDifference: number | undefined;
}

/**
 * Every figure about a model's win rate, from verdicts alone. The same verdicts and seed give the same figures.
 *
 * A pair's score is the mean over both orders, and an order's score the mean over its repetitions. Lost verdicts are left out of
 * the scores; `bounds` counts them once as losses and once as wins.
 *
 * @throws DpoError `eval.no-values` without a verdict
 */
export function winRateReport(verdicts: readonly StoredVerdict[], options: RateOptions = {}): WinRateReport {
  const pairs = verdictsByPair(verdicts);
  const scored = scoredPairs(pairs);
  const raw = scored.length === 0 ? undefined : rateOf(scored, (pair) => pair.score, options);
  const withLengths = scored.flatMap(lengthsOf);
  const inFull = scored.filter((pair) => pair.answered === pair.orders);
  const means = [...promptMeans(scored).values()];
  return {
    prompts: new Set(pairs.map(({ prompt }) => prompt)).size,
    pairs: pairs.length,
    scored: scored.length,
    raw,
    answeredInFull: {
      pairs: inFull.length,
      rate: inFull.length === 0 ? undefined : inFull.reduce((sum, { score }) => sum + score, 0) / inFull.length,
    },
    bounds: boundsOf(pairs, options),
    conclusion: raw === undefined ? undefined : conclude(raw),
    signs: signTest(means),
    panel: judgePanel(pairs),
    withLengths: withLengths.length,
    lengthControl: lengthControl(withLengths, options),
    lengthBias: lengthBias(withLengths),
    smallestDifference: means.length === 0 ? undefined : smallestDifference(means.length),
  };
}

function rateOf<P extends PairVerdicts>(pairs: readonly P[], score: (pair: P) => number, options: RateOptions): Rate {
  return rateInterval(
    pairs.map(score),
    pairs.map(({ prompt }) => prompt),
    options,
  );
}

function boundsOf(pairs: readonly PairVerdicts[], options: RateOptions): Bounds {
  const worst = rateOf(pairs, (pair) => pair.worst, options);
  const best = rateOf(pairs, (pair) => pair.best, options);
  return { worst, best, flips: conclude(worst) !== conclude(best) };
}

function lengthsOf({ prompt, score, modelLength, baselineLength }: ScoredPair): PairWithLengths[] {
  if (modelLength === undefined || baselineLength === undefined) return [];
  return [{ prompt, score, modelLength, baselineLength }];
}
