import { type EncodedExample, inPieces, type PromptGroup } from '@dpo/base';
import { type PackedPart, planPackingSteps } from '@dpo/base/packing';
import { checkPositions } from '../check-positions.js';
import type { AnswerReader } from '../method.js';
import type { TrainableModel } from '../model.js';
import { groupOf } from '../step/micro-batch.js';
import type { BatchSource } from './source.js';

/**
 * Divides the prompt groups of a step into packed batches.
 *
 * @throws DpoError `model.too-few-positions` when a text is longer than the model reads
 */
export type Packer = (groups: readonly PromptGroup[]) => readonly PackedPart[];

/** How steps are packed. The packing does not change the result of training. */
export interface PackingOptions {
  /** Positions that one forward and backward pass may hold, which bounds memory; a single packed row may have more. Default 2048. */
  readonly positions?: number | undefined;
  /** Divides every step into so many micro-batches, however many positions they have. Default: as `positions` asks for. */
  readonly microBatches?: number | undefined;
}

/** The number of steps whose batches the plan is made from; the later steps of a longer run are alike. */
const PLANNED_STEPS = 400;

/**
 * Plans the packing of a run. The plan has few shapes, which fit the batches of a plannable source; for other sources it has
 * lengths in buckets. The packing depends on the groups alone, so that a resumed run packs as the run before.
 */
export async function packerOf<E extends EncodedExample>(
  source: BatchSource<E>,
  options: PackingOptions & {
    readonly model: Pick<TrainableModel, 'maxPositions'>;
    readonly steps: number;
    readonly answers: AnswerReader<E>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Packer> {
  const { model, steps, answers, positions, microBatches, signal } = options;
  const groups = plannableGroups(source, steps, answers);
  const plan = await inPieces(planPackingSteps(groups, { positions, microBatches, steps }), signal);
  return (groups) => {
    checkPositions(model, groups);
    return plan.pack(groups);
  };
}

/** The prompt groups of each of the first steps; none for a source that is not plannable. */
function plannableGroups<E extends EncodedExample>(
  source: BatchSource<E>,
  steps: number,
  answers: AnswerReader<E>,
): PromptGroup[][] {
  const groups: PromptGroup[][] = [];
  if (!source.plannable) return groups;
  for (let step = 1; step <= Math.min(steps, PLANNED_STEPS); step++) {
    const batch = source.batch(step);
    if (batch instanceof Promise) break;
    groups.push(batch.examples.map((example) => groupOf(example, answers)));
  }
  return groups;
}
