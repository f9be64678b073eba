import type { Collective, Variable } from '@dpo/engine';
import { elementsOf, inParts } from './in-parts.js';

/** Replaces the numbers of variables by their sums over all workers. A single worker has nothing to do. */
export async function reduce(collective: Collective, variables: readonly Variable[]): Promise<void> {
  if (collective.size === 1) return;
  const parts = inParts(variables, ({ shape }) => elementsOf(shape)).map(placesIn);
  // One buffer serves all parts.
  const buffer = new Float32Array(Math.max(0, ...parts.map(({ length }) => length)));
  for (const { places, length } of parts) {
    for (const { variable, from, to } of places) await variable.read(buffer.subarray(from, to));
    await collective.sum([buffer.subarray(0, length)]);
    for (const { variable, from, to } of places) variable.write(buffer.subarray(from, to));
  }
}

/** Where the numbers of each variable stand, one variable after another. */
function placesIn(variables: readonly Variable[]) {
  let to = 0;
  const places = variables.map((variable) => {
    const from = to;
    to += elementsOf(variable.shape);
    return { variable, from, to };
  });
  return { places, length: to };
}
