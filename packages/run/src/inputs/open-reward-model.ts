import { DpoError } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { type CheckOptions, checkRewardModel, type LoadRewardOptions, loadRewardModel } from '@dpo/models';
import type { RunContext } from '../context.js';
import { type FrozenOptions, tellStorage } from './frozen-storage.js';
import { findModel, modelAndBase, type OpenModel, type OpenOptions, withAdapter } from './open-model.js';

/** The weight of the score head, in a model and in a PEFT adapter. */
const SCORE = 'score.weight';

/** How a reward model is opened. */
export type RewardModelOptions = Pick<LoadRewardOptions, 'seed' | 'padToken'> & OpenOptions;

/** A reward model, and whether its score head has been trained. */
export interface OpenRewardModel extends OpenModel {
  readonly trained: boolean;
}

/**
 * Opens a reward model: a classifier's folder, a language model, which gets a new score head, or a PEFT folder with a score head,
 * on its base.
 *
 * @throws DpoError `lora.no-score-head` for an adapter without a score head; the errors of `loadRewardModel`
 */
export async function openRewardModel(
  engine: Engine,
  name: string,
  { seed, padToken, frozen = false, baseDtype = 'float32' }: RewardModelOptions,
  context: RunContext,
): Promise<OpenRewardModel> {
  const { path, base } = await modelAndBase(await findModel(name, context), context);
  const options: FrozenOptions = { baseDtype: frozen || base !== undefined ? baseDtype : 'float32' };
  const { model, tokenizer, source, newHead, notes, rounding } = await loadRewardModel(engine, base ?? path, {
    ...{ seed, padToken, storage: options.baseDtype },
    onProgress: (bytes, total) => context.progress(`Loading ${name}: ${Math.round((100 * bytes) / total)} %`),
  });
  for (const note of notes) context.note(note);
  tellStorage(base ?? path, model, options, rounding, context);
  const bare = { model, tokenizer, source, path: base ?? path, trained: !newHead };
  return base === undefined ? bare : withScoreAdapter(bare, path);
}

/**
 * The model with the adapter of a PEFT folder, which must bring a score head.
 *
 * @throws DpoError `lora.no-score-head`
 */
export async function withScoreAdapter(base: OpenRewardModel, adapter: string): Promise<OpenRewardModel> {
  const whole = await withAdapter(base, adapter);
  if (whole.model.adapter?.savedWeights.has(SCORE)) return { ...whole, trained: true };
  whole.model.dispose();
  throw new DpoError('lora.no-score-head', `${adapter} is an adapter without a score head.`, {
    values: { path: adapter },
    hint: 'Put the adapter into the weights of its model (dpo export --model ADAPTER --output FOLDER), and train the result.',
  });
}

/**
 * Throws what {@link openRewardModel} would throw about a model's files, without an engine and without reading a weight.
 *
 * @throws DpoError the errors of {@link openRewardModel}
 */
export async function checkOpensAsReward(
  name: string,
  context: RunContext,
  options: CheckOptions & Pick<RewardModelOptions, 'padToken'> = {},
): Promise<void> {
  const { path, base = path } = await modelAndBase(await findModel(name, context), context);
  await checkRewardModel(base, options);
}
