import { DpoError, random } from '@dpo/base';
import type { Variable } from '@dpo/engine';
import { languageModel } from '../model/language-model.js';
import type { LanguageModel } from '../model/types.js';
import { weightsToSave } from './modules-to-save.js';
import { rowNorms } from './row-norms.js';
import { allTargets, type LinearLayer, targetLayers } from './targets.js';
import { type AdapterSettings, adapterWeightName, layerSettings, magnitudeName, savedWeightName } from './types.js';

export interface LoraOptions {
  /** Columns of the low-rank factors. */
  readonly rank: number;
  /** The additions are multiplied by alpha / rank. */
  readonly alpha: number;
  /**
   * Layers as PEFT's `target_modules`: names (`q_proj`, `mlp.c_fc`), or a regular expression of whole names. Default
   * `all-linear`: all linear layers but the head.
   */
  readonly targets?: readonly string[] | string | undefined;
  /** Multiply by alpha / √rank instead (arXiv 2312.03732). Default false. */
  readonly rsLora?: boolean | undefined;
  /** Learn a magnitude to each output as well (arXiv 2402.09353). Costs a second product of weights' size. Default false. */
  readonly dora?: boolean | undefined;
  /** The part of the adapted layers' inputs that a training step leaves out for the factors, in [0, 1). Default 0. */
  readonly dropout?: number | undefined;
  /** Modules that are trained and saved in full, by the ends of their names (`lm_head`, `embed_tokens`). Default none. */
  readonly modulesToSave?: readonly string[] | undefined;
  /** Of the first values and of the dropout. */
  readonly seed: number;
}

/**
 * The model with a new LoRA adapter: A uniform in ±1/√in (Kaiming with a = √5, as PEFT begins), B zero, DoRA's magnitudes
 * the norms of the weights, modules to save as they are, so that nothing changes at first. The result shares the model's
 * weights and owns them; without the adapter it is the model as it was.
 *
 * @throws DpoError `lora.unknown-target`, `lora.bad-pattern`, `lora.unknown-module`, `lora.bad-rank`, `lora.bad-dropout`,
 * `lora.has-adapter`
 */
export async function addLora(model: LanguageModel, options: LoraOptions): Promise<LanguageModel> {
  const { engine, decoder } = model;
  const { seed } = options;
  checkBare(model);
  const settings = settingsOf(options, allTargets(decoder));
  const layers = targetLayers(decoder, settings.targets, settings.modulesToSave);
  const saved = new Set(weightsToSave(decoder, settings.modulesToSave));
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
    for (const name of saved) {
      const base = model.variable(name === decoder.head ? decoder.unembedding : name);
      add(savedWeightName(name), base.shape, await base.read());
    }
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  }
  const adapted = layers.map(({ name }) => ({ name, ...layerSettings(settings, name) }));
  const result = languageModel(engine, decoder, model.weights, { ...settings, seed, layers: adapted, saved, weights });
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

/** @throws DpoError `lora.bad-dropout` for what is no probability below 1 */
export function checkDropout(dropout: number): void {
  if (dropout >= 0 && dropout < 1) return;
  throw new DpoError('lora.bad-dropout', `A dropout of ${dropout} is not at least 0 and below 1.`, {
    values: { dropout },
  });
}

/** @throws DpoError `lora.has-adapter` for a model that has an adapter already */
export function checkBare(model: LanguageModel): void {
  if (model.adapter === undefined) return;
  throw new DpoError('lora.has-adapter', 'The model has an adapter already.', {
    hint: 'Merge it into the weights, or load the base model anew.',
  });
}
