/** Which tokens may be drawn: of the `topK` likeliest, the fewest that have `topP` of their probability. */
export interface Filter {
  /** Above 0. */
  readonly temperature: number;
  /** How many of the likeliest tokens may be drawn. Default all. */
  readonly topK?: number | undefined;
  /** In (0, 1]. Default 1. */
  readonly topP?: number | undefined;
}

/**
 * Draws from the logits of one position with transformers' filters: the temperature first, then the `topK` likeliest tokens, then
 * the fewest likeliest of these that together have at least `topP` of their probability. The result is exact; tokens with equal
 * logits are ordered by their ids.
 *
 * @param logits [V]
 * @param uniform in [0, 1)
 * @returns the token's id
 */
export function filteredDraw(
  logits: Float32Array,
  uniform: number,
  { temperature, topK = Number.POSITIVE_INFINITY, topP = 1 }: Filter,
): number {
  // Plain loops, since they run over the vocabulary for each token.
  let largest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) largest = Math.max(largest, logits[id] as number);
  const weights = new Float64Array(logits.length);
  let all = 0;
  for (let id = 0; id < logits.length; id++) {
    const weight = Math.exp(((logits[id] as number) - largest) / temperature);
    weights[id] = weight;
    all += weight;
  }
  const limited = topK < weights.length;
  const candidates = likeliest(weights, (count, mass) => (limited ? count >= topK : mass >= topP * all));
  const top = limited ? candidates.slice(0, topK) : candidates;
  const weight = (i: number) => weights[top[i] as number] as number;

  const topMass = limited ? top.reduce((sum, id) => sum + (weights[id] as number), 0) : all;
  let size = 0;
  let mass = 0;
  while (size < top.length && mass < topP * topMass) mass += weight(size++);
  let rest = uniform * mass;
  for (let i = 0; i < size - 1; i++) {
    rest -= weight(i);
    if (rest < 0) return top[i] as number;
  }
  return top[Math.max(0, size - 1)] as number;
}

/**
 * Token ids from the largest weight down: at least as many as are enough. Only tokens above a threshold are sorted, and the
 * threshold falls until they are enough: sorting a whole vocabulary would take longer than the model's step.
 */
function likeliest(weights: Float64Array, enough: (count: number, mass: number) => boolean): number[] {
  for (let floor = 1 / 64; ; floor /= 64) {
    const ids: number[] = [];
    let mass = 0;
    for (let id = 0; id < weights.length; id++) {
      const weight = weights[id] as number;
      if (weight < floor) continue;
      ids.push(id);
      mass += weight;
    }
    // The threshold reaches 0 in the end, and then all tokens are candidates.
    if (ids.length === weights.length || enough(ids.length, mass))
      return ids.sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b);
  }
}
