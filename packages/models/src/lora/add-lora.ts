import { DpoError, random } from '@dpo/base';
import type { Variable } from '@dpo/engine';
import { languageModel } from '../model/language-model.js';
import type { LanguageModel } from '../model/types.js';
import { allTargets, targetLayers } from './targets.js';
import { adapterWeightName } from './types.js';

export interface LoraOptions {
  /** Columns of the low-rank factors. */
  readonly rank: number;
  /** The additions are multiplied by alpha / rank. */
  readonly alpha: number;
  /** Layers by name (`q_proj`, `mlp.c_fc`), as PEFT's `target_modules`. Default all linear layers but the head. */
  readonly targets?: readonly string[] | 'all-linear' | undefined;
  readonly seed: number;
}

/**
 * The model with a new LoRA adapter: A uniform in ±1/√in (Kaiming with a = √5, as PEFT begins), B zero, so that nothing
 * changes at first. The result shares the model's weights and owns them; without the adapter it is the model as it was.
 *
 * Throws `lora.unknown-target`, `lora.bad-rank`, `lora.has-adapter`.
 */
export function addLora(model: LanguageModel, options: LoraOptions): LanguageModel {
  const { rank, alpha, targets = 'all-linear', seed } = options;
  if (!Number.isSafeInteger(rank) || rank < 1 || !(alpha > 0))
    throw new DpoError('lora.bad-rank', `rank ${rank} and alpha ${alpha} must be above 0, rank a whole number.`, {
      values: { rank, alpha },
    });
  checkBare(model);
  const { engine, decoder } = model;
  const names = targets === 'all-linear' ? allTargets(decoder) : targets;
  const layers = targetLayers(decoder, names);
  const weights = new Map<string, Variable>();
  for (const [index, { name, inputs, outputs }] of layers.entries()) {
    const uniform = random(seed, index);
    const bound = 1 / Math.sqrt(inputs);
    const a = Float32Array.from({ length: rank * inputs }, () => bound * (2 * uniform() - 1));
    for (const [part, shape, data] of [
      ['A', [rank, inputs], a],
      ['B', [outputs, rank], undefined],
    ] as const) {
      const key = adapterWeightName(name, part);
      weights.set(key, engine.variable(key, shape, data));
    }
  }
  const adapted = languageModel(engine, decoder, model.weights, {
    rank,
    alpha,
    scaling: alpha / rank,
    layers: layers.map(({ name }) => name),
    targets: names,
    weights,
  });
  adapted.onDispose(() => model.dispose());
  return adapted;
}

/** Throws `lora.has-adapter` for a model that has an adapter already. */
export function checkBare(model: LanguageModel): void {
  if (model.adapter === undefined) return;
  throw new DpoError('lora.has-adapter', 'The model has an adapter already.', {
    hint: 'Merge it into the weights, or load the base model anew.',
  });
}
