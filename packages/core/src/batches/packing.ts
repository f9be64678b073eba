import { type EncodedExample, inPieces, type PromptGroup } from '@dpo/base';
import { type PackedPart, planPackingSteps } from '@dpo/base/packing';
import type { AnswerReader } from '../method.js';
import { groupOf } from '../step/micro-batch.js';
import type { BatchSource } from './source.js';

/** Divides the groups of a step into packed batches. */
export type Packer = (groups: readonly PromptGroup[]) => readonly PackedPart[];

/** How steps are packed. The result of training does not depend on it. */
export interface PackingOptions {
  /** Positions that one forward and backward pass may hold, which bounds memory; one row may have more. Default 2048. */
  readonly positions?: number | undefined;
  /** Divides every step into so many micro-batches, whatever positions they have. Default: by positions. */
  readonly microBatches?: number | undefined;
}

/** Steps whose batches are laid out in advance; those of a longer run are like them. */
const PLANNED = 400;

/**
 * The packer of a run: a plan of few shapes over the batches that are known, else over lengths in buckets. It is a function of
 * the groups, so that a resumed run packs as the run before.
 */
export async function packerOf<E extends EncodedExample>(
  source: BatchSource<E>,
  options: PackingOptions & {
    readonly steps: number;
    readonly answers: AnswerReader<E>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Packer> {
  const { steps, answers, positions, microBatches, signal } = options;
  const known = knownGroups(source, steps, answers);
  const plan = await inPieces(planPackingSteps(known, { positions, microBatches, steps }), signal);
  return (groups) => plan.pack(groups);
}

function knownGroups<E extends EncodedExample>(
  source: BatchSource<E>,
  steps: number,
  answers: AnswerReader<E>,
): PromptGroup[][] {
  const groups: PromptGroup[][] = [];
  if (!source.known) return groups;
  for (let step = 1; step <= Math.min(steps, PLANNED); step++) {
    const batch = source.batch(step);
    if (batch instanceof Promise) break;
    groups.push(batch.examples.map((example) => groupOf(example, answers)));
  }
  return groups;
}
