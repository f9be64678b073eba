/** Which tokens may be drawn: of the `topK` likeliest, the fewest that hold `topP` of their probability. */
export interface Filter {
  /** Above 0. */
  readonly temperature: number;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
}

/**
 * Draws from the logits of one position, restricted as transformers does it: temperature first, then the `topK` likeliest
 * tokens, then the smallest set of the likeliest of these that holds at least `topP` of their probability. Exact; equal logits are
 * taken in the order of their ids.
 *
 * @param uniform in [0, 1)
 * @returns the token's id
 */
export function filteredDraw(
  logits: Float32Array,
  uniform: number,
  { temperature, topK = Number.POSITIVE_INFINITY, topP = 1 }: Filter,
): number {
  // Plain loops: they run over the vocabulary for each token.
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
  const allowed = limited ? candidates.slice(0, topK) : candidates;
  const weight = (i: number) => weights[allowed[i] as number] as number;

  const mass = limited ? allowed.reduce((sum, id) => sum + (weights[id] as number), 0) : all;
  let size = 0;
  let heldMass = 0;
  while (size < allowed.length && heldMass < topP * mass) heldMass += weight(size++);
  let rest = uniform * heldMass;
  for (let i = 0; i < size - 1; i++) {
    rest -= weight(i);
    if (rest < 0) return allowed[i] as number;
  }
  return allowed[Math.max(0, size - 1)] as number;
}

/**
 * Token ids from the largest weight down, as many as are enough, or some more. Only those above a threshold are sorted,
 * which is lowered until there are enough: a whole vocabulary would take longer to sort than the model to compute.
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
    // The threshold reaches 0 at last, where all are candidates.
    if (ids.length === weights.length || enough(ids.length, mass))
      return ids.sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b);
  }
}
