import { createHash } from 'node:crypto';
import { DpoError } from '@dpo/base';
import type { Collective } from '@dpo/engine';

/**
 * Checks that all workers are about to do the same. Each worker gives facts by name, whose digests are compared.
 *
 * @param hosts the workers' addresses, by rank
 * @throws DpoError `workers.differ`, on every worker, with the names of the facts that differ and the workers that have them
 */
export async function checkSameWork(
  collective: Collective,
  facts: Readonly<Record<string, unknown>>,
  hosts: readonly string[],
): Promise<void> {
  const names = Object.keys(facts).sort();
  // Versions of dpo differ in their facts. Only lists of the same names can be compared fact by fact.
  const lists = await collective.gather([digest(names)]);
  const all = await collective.gather(names.map((name) => digest(facts[name])));
  const differences = all.flatMap((digests, rank) => {
    const same = lists[rank]?.[0] === lists[0]?.[0];
    const differing = same ? names.filter((_, i) => digests[i] !== all[0]?.[i]) : ['the version of dpo'];
    return differing.length === 0 ? [] : [{ rank, differing }];
  });
  if (differences.length === 0) return;
  const list = differences.map(
    ({ rank, differing }) => `worker ${rank} (${hosts[rank]}) differs in ${differing.join(', ')}`,
  );
  throw new DpoError('workers.differ', `Some workers would not train as worker 0 does: ${list.join('; ')}.`, {
    values: { workers: differences },
    hint: 'Give every worker the same version, options, model and data.',
  });
}

/** A whole number of 48 bits that stands for a value. */
function digest(value: unknown): number {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest()
    .readUIntBE(0, 6);
}
