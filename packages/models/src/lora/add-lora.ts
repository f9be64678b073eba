import { DpoError, random } from '@dpo/base';
import type { Variable } from '@dpo/engine';
import { languageModel } from '../model/language-model.js';
import type { LanguageModel } from '../model/types.js';
import { weightsToSave } from './modules-to-save.js';
import { rowNorms } from './row-norms.js';
import { allTargets, type LinearLayer, targetLayers } from './targets.js';
import { type AdapterSettings, adapterWeightName, layerSettings, magnitudeName, savedWeightName } from './types.js';

/** A new LoRA adapter. */
export interface LoraOptions {
  /** The rank of the factors: a whole number above 0. */
  readonly rank: number;
  /** The additions are multiplied by alpha / rank. Above 0. */
  readonly alpha: number;
  /**
   * Layers as PEFT's `target_modules`: names (`q_proj`, `mlp.c_fc`), or a regular expression of whole names. Default
   * `all-linear`: all linear layers but the head.
   */
  readonly targets?: readonly string[] | string | undefined;
  /** Whether the additions are multiplied by alpha / √rank instead (arXiv 2312.03732). Default false. */
  readonly rsLora?: boolean | undefined;
  /**
   * Whether a magnitude of each output is learned as well (arXiv 2402.09353), which costs a second product of the weights' size.
   * Default false.
   */
  readonly dora?: boolean | undefined;
  /** The probability with which a training step drops each element of the factors' inputs, in [0, 1). Default 0. */
  readonly dropout?: number | undefined;
  /** Modules that are trained and saved in full, by the ends of their names (`lm_head`, `embed_tokens`). Default none. */
  readonly modulesToSave?: readonly string[] | undefined;
  /** The seed of the first values and of the dropout. */
  readonly seed: number;
}

/**
 * The model with a new LoRA adapter, which changes nothing at first: A is uniform in ±1/√in (Kaiming with a = √5, as in PEFT), B
 * is zero, DoRA's magnitudes are the norms of the weights, and modules to save begin as they are in the base. The result shares
 * the model's weights and owns them. Without the adapter the result computes as the model did.
 *
 * @throws {DpoError} `lora.unknown-target`, `lora.bad-pattern`, `lora.unknown-module`, `lora.bad-rank`, `lora.bad-dropout`,
 * `lora.has-adapter`.
 */
export async function addLora(model: LanguageModel, options: LoraOptions): Promise<LanguageModel> {
  const { engine, decoder } = model;
  const { seed } = options;
  checkBare(model);
  const settings = settingsOf(options, allTargets(decoder));
  const layers = targetLayers(decoder, settings.targets, settings.modulesToSave);
  const savedWeights = new Set(weightsToSave(decoder, settings.modulesToSave));
  const weights = new Map<string, Variable>();
  const add = (name: string, shape: readonly number[], data?: Float32Array) => {
    weights.set(name, engine.variable(name, shape, data));
  };
  try {
    for (const [index, layer] of layers.entries()) {
      const { rank } = layerSettings(settings, layer.name);
      add(adapterWeightName(layer.name, 'A'), [rank, layer.inputs], firstA(layer, rank, seed, index));
      add(adapterWeightName(layer.name, 'B'), [layer.outputs, rank]);
      if (settings.dora) add(magnitudeName(layer.name), [layer.outputs], await rowNorms(model, layer));
    }
    for (const name of savedWeights) {
      const base = model.variable(name === decoder.head ? decoder.unembedding : name);
      add(savedWeightName(name), base.shape, await base.read());
    }
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  }
  const adaptedLayers = layers.map(({ name }) => ({ name, ...layerSettings(settings, name) }));
  const adapter = { ...settings, seed, layers: adaptedLayers, savedWeights, weights };
  const result = languageModel(engine, decoder, model.weights, adapter);
  result.onDispose(() => model.dispose());
  return result;
}

function settingsOf(options: LoraOptions, all: readonly string[]): AdapterSettings {
  const { rank, alpha, targets = 'all-linear', dropout = 0 } = options;
  if (!Number.isSafeInteger(rank) || rank < 1 || !(alpha > 0))
    throw new DpoError('lora.bad-rank', `rank ${rank} and alpha ${alpha} must be above 0, rank a whole number.`, {
      values: { rank, alpha },
    });
  checkDropout(dropout);
  return {
    rank,
    alpha,
    rankPattern: {},
    alphaPattern: {},
    rsLora: options.rsLora ?? false,
    dora: options.dora ?? false,
    dropout,
    targets: targets === 'all-linear' ? all : targets,
    modulesToSave: options.modulesToSave ?? [],
  };
}

function firstA({ inputs }: LinearLayer, rank: number, seed: number, index: number): Float32Array {
  const uniform = random(seed, index);
  const bound = 1 / Math.sqrt(inputs);
  return Float32Array.from({ length: rank * inputs }, () => bound * (2 * uniform() - 1));
}

/** @throws {DpoError} `lora.bad-dropout` when `dropout` is outside of [0, 1). */
export function checkDropout(dropout: number): void {
  if (dropout >= 0 && dropout < 1) return;
  throw new DpoError('lora.bad-dropout', `A dropout of ${dropout} is not at least 0 and below 1.`, {
    values: { dropout },
  });
}

/** @throws {DpoError} `lora.has-adapter` when the model already has an adapter. */
export function checkBare(model: LanguageModel): void {
  if (model.adapter === undefined) return;
  throw new DpoError('lora.has-adapter', 'The model has an adapter already.', {
    hint: 'Merge it into the weights, or load the base model anew.',
  });
}
