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
  /** The same with all of them for the model. */
  readonly best: Rate;
  /** Whether what may be concluded depends on verdicts that were lost. */
  readonly flips: boolean;
}

/** All that verdicts say of a model beside a baseline. Rates are shares, 0 to 1; those of the raw rate count ties as one half. */
export interface WinRateReport {
  readonly prompts: number;
  readonly pairs: number;
  /** Pairs with a score: those that the rate is a mean of. */
  readonly scored: number;
  /** Undefined where all verdicts were lost. */
  readonly raw: Rate | undefined;
  /** The rate of those pairs alone whose every order was answered: differs from `raw` where losses and order hang together. */
  readonly answeredInFull: { readonly pairs: number; readonly rate: number | undefined };
  readonly bounds: Bounds;
  /** Undefined where there is no rate. */
  readonly conclusion: Conclusion | undefined;
  /** On the prompts' mean scores. */
  readonly signs: SignTest;
  readonly panel: JudgePanel;
  /** Pairs with both lengths known; control and bias are undefined without any. */
  readonly withLengths: number;
  readonly lengthControl: LengthControl | undefined;
  readonly lengthBias: LengthBias | undefined;
  /** What so many prompts with a score can show at 80 % power. Undefined without a score. */
  readonly smallestDifference: number | undefined;
}

/**
 * Every figure about a model's win rate, from its verdicts alone, the same for the same seed.
 *
 * A pair's score is the mean over both orders, an order's the mean over its repetitions. Lost verdicts are left out of the
 * scores; `bounds` puts them in, once as losses and once as wins.
 *
 * @throws DpoError `eval.no-values` without a verdict
 */
export function winRateReport(verdicts: readonly StoredVerdict[], options: RateOptions = {}): WinRateReport {
  const pairs = verdictsByPair(verdicts);
  const scored = scoredPairs(pairs);
  const raw = scored.length === 0 ? undefined : rateOf(scored, (pair) => pair.score, options);
  const measured = scored.flatMap(lengthsOf);
  const inFull = scored.filter((pair) => pair.answered === (pair.asked === 'both' ? 2 : 1));
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
    withLengths: measured.length,
    lengthControl: lengthControl(measured, options),
    lengthBias: lengthBias(measured),
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
