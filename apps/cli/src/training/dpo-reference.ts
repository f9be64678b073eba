import { DpoError } from '@dpo/base';
import {
  type Method,
  noReference,
  precomputedReference,
  type Reference,
  referenceModel,
  sequenceLogps,
  withoutAdapter,
} from '@dpo/core';
import { type EncodedPair, type PreferenceDataset, pack, pairGroup } from '@dpo/data';
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
  method: Method,
  inputs: ReferenceInputs,
  context: Context,
): Promise<References> {
  const { model, heldPairs } = inputs;
  if (!method.needsReference) return { train: noReference(), held: undefined };
  if (options.ref === undefined && heldPairs === undefined && !options.precomputeReference) {
    const stored = storedLogps(inputs.dataset);
    if (stored !== undefined) {
      await checkStored(inputs, stored);
      context.note('Reference: the log-probabilities in the data.');
      return { train: precomputedReference(stored), held: undefined };
    }
  }
  const ref = options.ref === undefined ? undefined : (await openModel(model.engine, options.ref, context)).model;
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

/** Rows that are computed again to see whether stored log-probabilities still hold. */
const CHECKED = 8;

/** Stored log-probabilities are of one model, one tokenizer and one way to encode: computes some again and compares. */
async function checkStored({ model, pairs }: ReferenceInputs, stored: StoredLogps): Promise<void> {
  const rows = Array.from({ length: Math.min(CHECKED, pairs.length) }, (_, i) =>
    Math.floor((i * pairs.length) / Math.min(CHECKED, pairs.length)),
  );
  const groups = rows.map((row) => pairGroup(pairs[row] as EncodedPair));
  const computed = await sequenceLogps(model, groups, { pack, adapter: false });
  rows.forEach((row, i) => {
    const there = [stored.chosen[row] as number, stored.rejected[row] as number];
    const now = computed[i] as number[];
    const off = there.findIndex((logp, side) => Math.abs(logp - (now[side] as number)) > 0.05 + 1e-3 * Math.abs(logp));
    if (off < 0) return;
    throw new DpoError(
      'reference.stale',
      `The reference log-probabilities in the data are not those of this model: in row ${row} ${there[off]?.toFixed(3)} is ` +
        `stored, ${now[off]?.toFixed(3)} computed.`,
      {
        values: { row, stored: there[off], computed: now[off] },
        hint: 'Was the data made with another model, or of texts that were cut (--no-eos)? --precompute-reference computes them anew.',
      },
    );
  });
}

type StoredLogps = Readonly<Record<'chosen' | 'rejected', readonly number[]>>;

/** The log-probabilities of the dataset's columns, where every row has them. */
function storedLogps(dataset: PreferenceDataset): StoredLogps | undefined {
  const chosen: number[] = [];
  const rejected: number[] = [];
  for (const row of dataset) {
    if (row.referenceChosenLogp === undefined || row.referenceRejectedLogp === undefined) return undefined;
    chosen.push(row.referenceChosenLogp);
    rejected.push(row.referenceRejectedLogp);
  }
  return { chosen, rejected };
}
