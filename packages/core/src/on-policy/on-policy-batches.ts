import { DpoError, type EncodedExample, permutation, random } from '@dpo/base';
import { batches } from '@dpo/base/packing';
import type { Batch, BatchSource } from '../batches/source.js';
import { drawRollouts, type RolloutParts } from './draw-rollouts.js';
import type { KlControl } from './kl-control.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { type Rollout, tokensOf } from './rollout.js';
import { rolloutRecords } from './rollout-records.js';
import { readRollouts, type StoredRollout, storedRollouts } from './stored-rollouts.js';

/** How prompts become batches of the policy's own answers. */
export interface OnPolicyOptions<E extends EncodedExample> extends Omit<RolloutParts, 'values'> {
  /** The method that trains on the answers. */
  readonly training: OnPolicyMethod<E>;
  /** The prompts in tokens, in the order of the data. */
  readonly prompts: readonly Int32Array[];
  /** Prompts of a batch: all of them are answered with the same weights. */
  readonly promptsPerBatch: number;
  /** k, answers to each prompt. */
  readonly samples: number;
  /** β, fixed or adaptive. */
  readonly control: KlControl;
  /** Passes over a batch. Default 1. */
  readonly epochs?: number | undefined;
  /** Steps of a pass; the prompts of the batch are divided among them evenly. Default 1. */
  readonly minibatches?: number | undefined;
  /** Takes the prompts in a seeded order, another one in each pass over the data; else in the order of the data. Default true. */
  readonly shuffle?: boolean | undefined;
  /** Seed of orders and answers. Default 0. */
  readonly seed?: number | undefined;
}

/** The batch of rollouts that steps train on now. */
interface Current {
  /** The batch's number, from 1. */
  readonly number: number;
  readonly beta: number;
  readonly rollouts: readonly Rollout[];
  readonly records: Readonly<Record<string, number>>;
}

/** The state of the source as JSON, as checkpoints keep it. */
interface SourceState {
  readonly beta: number;
  readonly samples: number;
  readonly tokens: number;
  readonly current?: Omit<Current, 'rollouts'> & { readonly rollouts: readonly StoredRollout[] };
}

/**
 * Batches of the policy's own answers. Every `epochs` × `minibatches` steps the policy answers the next prompts k times each; the
 * answers get rewards and are scored by the reference; each step then trains on its part of the answers, in another order in every
 * epoch. Checkpoints keep β and the batch in progress, so that a run goes on exactly, wherever it was killed.
 *
 * The record of each step has the numbers of {@link rolloutRecords} of its batch, `kl_coef` (β), the answers and tokens of all
 * batches so far (`num_samples`, `num_tokens`), and the seconds that sampling, rewards and scores took.
 *
 * @throws {DpoError} `on-policy.out-of-range` for numbers that do not fit; from `batch` what `drawRollouts` throws, before the step
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
  let totals = { samples: 0, tokens: 0 };
  let current: Current | undefined;
  let lastStep = 0;

  const draw = async (number: number): Promise<Current> => {
    const ofBatch = [...deal.rows(number)].map((row) => ({ prompt: prompts[row] as Int32Array, row }));
    const batchSeed = Math.floor(random(seed, number)() * 2 ** 31);
    const parts = { ...options, values: training.values };
    const { rollouts, seconds } = await drawRollouts(ofBatch, { samples, seed: batchSeed }, parts);
    const { beta } = control;
    totals = { samples: totals.samples + promptsPerBatch * samples, tokens: totals.tokens + tokensOf(rollouts) };
    const records = rolloutRecords(rollouts);
    control = control.after(records['objective/kl'] as number);
    const counts = { kl_coef: beta, num_samples: totals.samples, num_tokens: totals.tokens };
    return { number, beta, rollouts, records: { ...records, ...counts, ...seconds } };
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
      read(): SourceState {
        const state = { beta: control.beta, ...totals };
        if (current === undefined || lastStep % stepsPerBatch === 0) return state;
        return { ...state, current: { ...current, rollouts: storedRollouts(current.rollouts) } };
      },
      write(value) {
        const state = value as SourceState;
        control = control.startingAt(state.beta);
        totals = { samples: state.samples, tokens: state.tokens };
        current = state.current && { ...state.current, rollouts: readRollouts(state.current.rollouts) };
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
