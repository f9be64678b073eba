import type { Collective, Variable } from '@dpo/engine';

/** Replaces the numbers of variables by their sums over all workers. A single worker has nothing to do. */
export async function reduce(collective: Collective, variables: readonly Variable[]): Promise<void> {
  if (collective.size === 1) return;
  const buffers: Float32Array[] = [];
  for (const variable of variables) buffers.push(await variable.read());
  await collective.sum(buffers);
  variables.forEach((variable, i) => {
    variable.write(buffers[i] as Float32Array);
  });
}
