import { precomputedReference, type Reference, referenceModel, sequenceLogps, withoutAdapter } from '@dpo/core';
import { type EncodedPair, pack, pairGroup, type PreferenceDataset } from '@dpo/data';
import { cloneModel, type LanguageModel } from '@dpo/models';
import type { Context } from '../command/define.js';
import { openModel } from '../session/open-model.js';

/** The reference of the training pairs, and that of the held-out ones where it is another. */
export interface References {
  readonly train: Reference;
  readonly held: Reference | undefined;
}

/** What is open when the reference is made. */
export interface ReferenceInputs {
  readonly model: LanguageModel;
  readonly dataset: PreferenceDataset;
  readonly pairs: readonly EncodedPair[];
  readonly heldPairs: readonly EncodedPair[] | undefined;
}

/**
 * The reference that the options ask for: log-probabilities stored in the data or computed before training, the model
 * without its adapter, or a second model (`--ref`, or the policy as it is now) that scores each batch.
 */
export async function dpoReference(
  options: { readonly ref?: string | undefined; readonly precomputeReference: boolean },
  inputs: ReferenceInputs,
  context: Context,
): Promise<References> {
  const { model, heldPairs } = inputs;
  if (options.ref === undefined && heldPairs === undefined) {
    const stored = storedLogps(inputs.dataset);
    if (stored !== undefined) {
      context.note('Reference: the log-probabilities in the data.');
      return { train: precomputedReference(stored), held: undefined };
    }
  }
  const ref =
    options.ref === undefined ? undefined : (await openModel(model.engine, options.ref, context)).model;
  if (!options.precomputeReference) {
    if (ref !== undefined) return { train: referenceModel(ref), held: undefined };
    if (model.adapter !== undefined) return { train: withoutAdapter(model), held: undefined };
    return { train: referenceModel(await cloneModel(model)), held: undefined };
  }
  const compute = async (pairs: readonly EncodedPair[]) => {
    const logps = await sequenceLogps(ref ?? model, pairs.map(pairGroup), {
      pack,
      adapter: ref !== undefined,
      signal: context.signal,
      onProgress: (done, total) => context.progress(`Reference log-probabilities: ${done}/${total} pairs`),
    });
    return precomputedReference({
      chosen: logps.map(([chosen]) => chosen as number),
      rejected: logps.map(([, rejected]) => rejected as number),
    });
  };
  const references = {
    train: await compute(inputs.pairs),
    held: heldPairs === undefined ? undefined : await compute(heldPairs),
  };
  ref?.dispose();
  return references;
}

/** The log-probabilities of the dataset's columns, where every row has them. */
function storedLogps(dataset: PreferenceDataset): { chosen: number[]; rejected: number[] } | undefined {
  const chosen: number[] = [];
  const rejected: number[] = [];
  for (const row of dataset) {
    if (row.referenceChosenLogp === undefined || row.referenceRejectedLogp === undefined) return undefined;
    chosen.push(row.referenceChosenLogp);
    rejected.push(row.referenceRejectedLogp);
  }
  return { chosen, rejected };
}
