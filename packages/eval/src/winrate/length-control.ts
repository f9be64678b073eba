import { percentileInterval } from '../percentile-interval.js';
import { clusterDraws } from './_clusters.js';

/** The score of a pair, and the lengths of its two answers in characters. */
export interface PairWithLengths {
  readonly prompt: string;
  /** The model's share, 0 to 1. */
  readonly score: number;
  readonly modelLength: number;
  readonly baselineLength: number;
}

/** A win rate at equal lengths. */
export interface LengthControl {
  /** σ(intercept): the win rate that the model would have if its answers were as long as the baseline's. */
  readonly rate: number;
  readonly low: number;
  readonly high: number;
  readonly intercept: number;
  /** How far length moves the judge: positive when the judge prefers longer answers. */
  readonly slope: number;
  /** Share of the pairs on the rarer side of equal length, 0 to 1. */
  readonly overlap: number;
  /** Whether the lengths hardly overlap, so that the rate at equal lengths is an extrapolation. */
  readonly extrapolates: boolean;
}

/** Below this share of pairs on one side of equal length the rate at equal length is an extrapolation. */
const OVERLAP = 0.1;
/** Ridge on the slope: ½ · RIDGE · slope² is added to the loss. */
const RIDGE = 1;

/**
 * The win rate at equal lengths, by a logit with soft targets that is fitted to all pairs:
 *
 *     P(model is better) = σ(a + b · tanh(Δ / sd)),   Δ = length of the model's answer − length of the baseline's
 *     loss = −Σ [ y log P + (1 − y) log(1 − P) ] + ½ b²
 *
 * `sd` is the standard deviation of Δ (n − 1 below). Δ is not centred, so that Δ = 0 is equal length and the rate is σ(a). The
 * interval holds the percentiles of the rates of `resamples` draws of whole prompts, fitted anew with their own `sd`, so the
 * regression's uncertainty is part of the interval. Without any difference in length the rate is the raw rate.
 *
 * Source: Dubois et al. 2024, "Length-Controlled AlpacaEval" (arXiv 2404.04475), whose terms for instruction difficulty are left
 * out and whose regularisation is weaker here.
 *
 * @param options.resamples draws of whole prompts, 2000 by default
 * @param options.seed of the draws, 0 by default
 * @param options.confidence share of the draws' rates within the interval, 0.95 by default
 * @returns undefined without a pair
 */
export function lengthControl(
  pairs: readonly PairWithLengths[],
  options: { readonly resamples?: number; readonly seed?: number; readonly confidence?: number } = {},
): LengthControl | undefined {
  if (pairs.length === 0) return undefined;
  const { resamples = 2000, seed = 0, confidence = 0.95 } = options;
  const gaps = Float64Array.from(pairs, ({ modelLength, baselineLength }) => modelLength - baselineLength);
  const scores = Float64Array.from(pairs, ({ score }) => score);
  const line = fit(gaps, scores, new Float64Array(pairs.length).fill(1), { intercept: 0, slope: 0 });
  const draw = clusterDraws(
    pairs.map(({ prompt }) => prompt),
    seed,
  );
  const rates = Float64Array.from({ length: resamples }, () => sigmoid(fit(gaps, scores, draw(), line).intercept));
  const overlap = Math.min(gaps.filter((gap) => gap >= 0).length, gaps.filter((gap) => gap <= 0).length) / gaps.length;
  return {
    rate: sigmoid(line.intercept),
    ...percentileInterval(rates, confidence),
    ...line,
    overlap,
    extrapolates: overlap < OVERLAP,
  };
}

interface Line {
  readonly intercept: number;
  readonly slope: number;
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Newton's method from a first guess, with steps of at most {@link LONGEST}. */
function fit(gaps: Float64Array, scores: Float64Array, weights: Float64Array, from: Line): Line {
  const x = lengthTerm(gaps, weights);
  let { intercept, slope } = from;
  for (let step = 0; step < 50; step++) {
    const [down, across] = newtonStep(x, scores, weights, { intercept, slope });
    const scale = Math.min(1, LONGEST / Math.max(Math.abs(down), Math.abs(across)));
    intercept += scale * down;
    slope += scale * across;
    // Beyond 20 the rate is 0 or 1 to eight digits: a model that always wins has no finite intercept.
    if (Math.abs(intercept) > 20 || Math.max(Math.abs(down), Math.abs(across)) < 1e-6) break; // Steps shrink quadratically: the next would be 1e-12.
  }
  return { intercept, slope };
}

/** The longest step, in intercept and in slope. */
const LONGEST = 2;

/** The step that Newton's method takes from a line: the gradient over the curvature, for intercept and slope. */
function newtonStep(
  x: Float64Array,
  scores: Float64Array,
  weights: Float64Array,
  { intercept, slope }: Line,
): [number, number] {
  let [g0, g1, h00, h01, h11] = [0, -RIDGE * slope, 1e-9, 0, RIDGE]; // 1e-9 keeps a certain win from dividing by 0
  for (let i = 0; i < x.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    const xi = x[i] as number;
    const p = sigmoid(intercept + slope * xi);
    const rest = weight * ((scores[i] as number) - p);
    const curve = weight * p * (1 - p);
    g0 += rest;
    g1 += rest * xi;
    h00 += curve;
    h01 += curve * xi;
    h11 += curve * xi * xi;
  }
  const determinant = h00 * h11 - h01 * h01;
  return [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
}

/** tanh(Δ / sd) of each pair, with sd over the pairs as often as they are drawn; 0 when all Δ are the same. */
function lengthTerm(gaps: Float64Array, weights: Float64Array): Float64Array {
  let [n, sum, squares] = [0, 0, 0];
  for (let i = 0; i < gaps.length; i++) {
    n += weights[i] as number;
    sum += (weights[i] as number) * (gaps[i] as number);
  }
  for (let i = 0; i < gaps.length; i++) squares += (weights[i] as number) * ((gaps[i] as number) - sum / n) ** 2;
  const deviation = Math.sqrt(squares / (n - 1));
  return deviation > 0 ? gaps.map((gap) => Math.tanh(gap / deviation)) : new Float64Array(gaps.length);
}
