import { DpoError, type EncodedExample, permutation, random } from '@dpo/base';
import { batches } from '@dpo/base/packing';
import type { Batch, BatchSource } from '../batches/source.js';
import { drawRollouts, type RolloutParts } from './draw-rollouts.js';
import type { KlControl } from './kl-control.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { type Rollout, tokensOf } from './rollout.js';
import { rolloutRecords } from './rollout-records.js';
import { readRollouts, type StoredRollout, storedRollouts } from './stored-rollouts.js';

/** How samples become batches. */
export interface OnPolicyOptions<E extends EncodedExample> extends Omit<RolloutParts, 'values'> {
  readonly training: OnPolicyMethod<E>;
  readonly prompts: readonly Int32Array[];
  /** Prompts that are answered with the same weights. */
  readonly promptsPerBatch: number;
  /** k, answers to each of them. */
  readonly samples: number;
  /** β, fixed or adaptive. */
  readonly control: KlControl;
  /** How often a batch is gone through. Default 1. */
  readonly epochs?: number | undefined;
  /** Steps to go through it once; prompts are divided among them evenly. Default 1. */
  readonly minibatches?: number | undefined;
  /** Takes prompts in a seeded order of each pass through them; else in the order of the data. Default true. */
  readonly shuffle?: boolean | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
}

/** A batch of rollouts that steps are taken on. */
interface Current {
  /** From 1. */
  readonly number: number;
  readonly beta: number;
  readonly rollouts: readonly Rollout[];
  readonly records: Readonly<Record<string, number>>;
}

/** What the source remembers, as JSON. */
interface Stored {
  readonly beta: number;
  readonly samples: number;
  readonly tokens: number;
  readonly current?: Omit<Current, 'rollouts'> & { readonly rollouts: readonly StoredRollout[] };
}

/**
 * Batches that the policy writes itself: every `epochs` × `minibatches` steps it answers prompts k times each, the answers are
 * rewarded and scored by the reference, and the steps take their parts of them, in an order of each epoch's own. Checkpoints
 * keep the batch in progress and β, so that a run which is killed anywhere goes on exactly.
 *
 * The record of each step has what {@link rolloutRecords} says of its batch, `kl_coef` (β), and what has been drawn so far:
 * `num_samples`, `num_tokens`.
 *
 * @throws DpoError `on-policy.out-of-range` for numbers that do not fit; what `drawRollouts` throws, before the step
 */
export function onPolicyBatches<E extends EncodedExample>(options: OnPolicyOptions<E>): BatchSource<E> {
  const {
    training,
    prompts,
    promptsPerBatch,
    samples,
    epochs = 1,
    minibatches = 1,
    shuffle = true,
    seed = 0,
  } = options;
  checkCounts({ promptsPerBatch, samples, epochs, minibatches }, training);
  const deal = batches(prompts.length, { batchSize: promptsPerBatch, shuffle, seed });
  const stepsPerBatch = epochs * minibatches;
  let { control } = options;
  let drawn = { samples: 0, tokens: 0 };
  let current: Current | undefined;
  let lastStep = 0;

  const draw = async (number: number): Promise<Current> => {
    const chosen = [...deal.rows(number)].map((row) => ({ prompt: prompts[row] as Int32Array, row }));
    const ofBatch = Math.floor(random(seed, number)() * 2 ** 31);
    const parts = { ...options, values: training.values };
    const { rollouts, seconds } = await drawRollouts(chosen, { samples, seed: ofBatch }, parts);
    const { beta } = control;
    drawn = { samples: drawn.samples + promptsPerBatch * samples, tokens: drawn.tokens + tokensOf(rollouts) };
    const known = rolloutRecords(rollouts);
    control = control.after(known['objective/kl'] as number);
    const counts = { kl_coef: beta, num_samples: drawn.samples, num_tokens: drawn.tokens };
    return { number, beta, rollouts, records: { ...known, ...counts, ...seconds } };
  };

  return {
    examples: prompts.length * epochs,
    async batch(step): Promise<Batch<E>> {
      const number = Math.floor((step - 1) / stepsPerBatch) + 1;
      const place = (step - 1) % stepsPerBatch;
      if (current?.number !== number) current = await draw(number);
      lastStep = step;
      const { rollouts, beta, records } = current;
      const examples = training.examples(rollouts, { beta, fresh: place === 0 });
      const order = permutation(promptsPerBatch, seed, number, Math.floor(place / minibatches));
      const size = promptsPerBatch / minibatches;
      const own = [...order].slice((place % minibatches) * size, ((place % minibatches) + 1) * size);
      return {
        examples: own.map((g) => examples[g] as E),
        indices: own.map((g) => (rollouts[g] as Rollout).row),
        records,
      };
    },
    state: {
      read(): Stored {
        const known = { beta: control.beta, ...drawn };
        if (current === undefined || lastStep % stepsPerBatch === 0) return known;
        return { ...known, current: { ...current, rollouts: storedRollouts(current.rollouts) } };
      },
      write(value) {
        const stored = value as Stored;
        control = control.startingAt(stored.beta);
        drawn = { samples: stored.samples, tokens: stored.tokens };
        current = stored.current && { ...stored.current, rollouts: readRollouts(stored.current.rollouts) };
      },
    },
  };
}

function checkCounts(
  counts: Readonly<Record<'promptsPerBatch' | 'samples' | 'epochs' | 'minibatches', number>>,
  { method, fewestSamples }: { readonly method: { readonly name: string }; readonly fewestSamples: number },
): void {
  const wrong = (says: string, hint: string) =>
    new DpoError('on-policy.out-of-range', says, { values: { ...counts, method: method.name }, hint });
  for (const [name, value] of Object.entries(counts))
    if (!Number.isSafeInteger(value) || value < 1)
      throw wrong(`${name} must be a whole number from 1 on, not ${value}.`, `Give ${name} a whole number.`);
  const { samples, promptsPerBatch, minibatches } = counts;
  if (samples < fewestSamples)
    throw wrong(
      `${method.name} needs at least ${fewestSamples} samples to a prompt, got ${samples}.`,
      'Draw more samples, or use reinforce or ppo, whose baselines need no others.',
    );
  if (promptsPerBatch % minibatches !== 0)
    throw wrong(
      `${promptsPerBatch} prompts cannot be divided evenly into ${minibatches} minibatches.`,
      'Make the prompts of a batch a multiple of its minibatches.',
    );
}
