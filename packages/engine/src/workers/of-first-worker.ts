import { DpoError } from '@dpo/base';
import type { Collective } from './collective.js';

/** The two ways in which the first worker's computation ends. */
const [DONE, FAILED] = [1, 0];

/**
 * Numbers that the first worker computes for all workers: numbers that cost money, that differ from time to time, or that depend on the
 * first worker's files. The other workers compute nothing, and fail when the first does.
 *
 * @throws DpoError what `compute` throws; on the other workers `engine.first-worker-failed`
 */
export async function ofFirstWorker(
  collective: Collective,
  compute: () => Promise<readonly number[]>,
): Promise<readonly number[]> {
  if (collective.rank > 0) {
    const [[end, ...numbers] = []] = await collective.gather([]);
    if (end === DONE) return numbers;
    throw new DpoError('engine.first-worker-failed', 'The first worker failed where the others need its numbers.', {
      hint: 'Look at the error of worker 0.',
    });
  }
  let numbers: readonly number[];
  try {
    numbers = await compute();
  } catch (error) {
    // The error of the computation matters more than what the other workers say.
    await collective.gather([FAILED]).catch(() => undefined);
    throw error;
  }
  await collective.gather([DONE, ...numbers]);
  return numbers;
}
