import { createHash } from 'node:crypto';
import { DpoError } from '@dpo/base';
import type { Collective } from '@dpo/engine';

/**
 * Checks that all workers are about to do the same: each hands in facts by name, and they are compared by their digests.
 *
 * @param hosts the workers' addresses, by rank
 * @throws DpoError `workers.differ`, on every worker, with the names of the facts that differ and whose they are
 */
export async function checkSameWork(
  collective: Collective,
  facts: Readonly<Record<string, unknown>>,
  hosts: readonly string[],
): Promise<void> {
  const names = Object.keys(facts).sort();
  // Lists of different facts cannot be compared one by one: other versions have other lists.
  const lists = await collective.gather([digest(names)]);
  const all = await collective.gather(names.map((name) => digest(facts[name])));
  const found = all.flatMap((given, rank) => {
    const same = lists[rank]?.[0] === lists[0]?.[0];
    const differing = same ? names.filter((_, i) => given[i] !== all[0]?.[i]) : ['the version of dpo'];
    return differing.length === 0 ? [] : [{ rank, differing }];
  });
  if (found.length === 0) return;
  const list = found.map(({ rank, differing }) => `worker ${rank} (${hosts[rank]}) in ${differing.join(', ')}`);
  throw new DpoError(
    'workers.differ',
    `The workers would not train the same: from worker 0 differs ${list.join('; ')}.`,
    {
      values: { workers: found },
      hint: 'Give every worker the same version, options, model and data.',
    },
  );
}

/** A whole number of 48 bits that stands for a value. */
function digest(value: unknown): number {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest()
    .readUIntBE(0, 6);
}
