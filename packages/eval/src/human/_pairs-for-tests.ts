import type { JudgedPair } from '../judges/judge.js';

/** Pairs of made-up answers: in pair i the model's answer is `model i`, the baseline's `baseline i`. */
export function madeUpPairs(n: number): JudgedPair[] {
  return Array.from({ length: n }, (_, i) => ({
    promptId: `p${i}`,
    prompt: `prompt ${i}`,
    model: `model ${i}`,
    baseline: `baseline ${i}`,
  }));
}
