import type { Collective, Variable } from '@dpo/engine';

/** Replaces what variables hold by its sum over all workers; nothing to do for one worker. */
export async function reduce(collective: Collective, variables: readonly Variable[]): Promise<void> {
  if (collective.size === 1) return;
  const buffers: Float32Array[] = [];
  for (const variable of variables) buffers.push(await variable.read());
  await collective.sum(buffers);
  variables.forEach((variable, i) => {
    variable.write(buffers[i] as Float32Array);
  });
}
