import { DpoError, normal, random } from '@dpo/base';
import type { Engine, Variable } from '@dpo/engine';
import { decoderFor } from '../architectures/registry.js';
import { isClassifierConfig, SCORE, withScoreHead } from '../architectures/score-head.js';
import { changedConfig } from '../files/config-json.js';
import type { ModelFiles } from '../files/model-files.js';
import { openModelFiles } from '../files/open-model-files.js';
import { targetLayers } from '../lora/targets.js';
import { languageModel } from '../model/language-model.js';
import type { CheckedModel, CheckOptions } from '../model/load-model.js';
import { isAdapter, type LoadedModel, type LoadOptions } from '../model/load-model-from.js';
import { matchTensors } from '../model/match-tensors.js';
import { checkLayers, readWeights } from '../model/read-weights.js';
import { forModel } from '../tokenizer/for-model.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import { createTokenizer, type ModelTokenizer } from '../tokenizer/tokenizer.js';
import { hasTokenizer } from '../tokenizer/vocabulary-files.js';
import { labelsOf } from './labels.js';
import { padTokenOf, withPadToken } from './pad-token.js';

/** How a reward model is loaded. */
export interface LoadRewardOptions extends LoadOptions {
  /** The seed of a new score head. Default 0. */
  readonly seed?: number | undefined;
  /**
   * The text of the padding token, which fills texts up in transformers. Default: see `padTokenOf`. False keeps the files' token,
   * which suffices for scoring.
   */
  readonly padToken?: string | false | undefined;
}

/** A reward model with its tokenizer, whose padding token ends no text. */
export interface LoadedRewardModel extends LoadedModel {
  readonly tokenizer: ModelTokenizer;
  /** Whether the score head is a new one. */
  readonly newHead: boolean;
}

/**
 * Opens a decoder as a reward model: a `…ForSequenceClassification` folder with one label, or a language model, whose head is
 * replaced by a new score head W [1, D] of normal numbers with standard deviation 1 / √(D + 1). The model is saved as a
 * `…ForSequenceClassification` folder, whose rewards transformers computes at the last token that is no padding.
 *
 * @throws {DpoError} `classifier.not-a-reward-model` for other numbers of labels, `classifier.no-tokenizer`,
 * `classifier.pad-is-end`, `classifier.no-pad-token`, `classifier.unknown-pad-token`, and the errors of `loadModel`.
 */
export async function loadRewardModel(
  engine: Engine,
  path: string,
  options: LoadRewardOptions = {},
): Promise<LoadedRewardModel> {
  const source = await openModelFiles(path);
  try {
    const { decoder, tokenizer, places, newHead, notes } = await planReward(source, options);
    const inFiles = new Map([...decoder.weights].filter(([name]) => places.has(name)));
    const { weights, rounding } = await readWeights(engine, { weights: inFiles }, source, places, options);
    if (newHead) weights.set(SCORE, newScore(engine, decoder.config.width, options.seed ?? 0));
    return {
      model: languageModel(engine, decoder, weights),
      tokenizer,
      source: { ...source, tokenizerFiles: tokenizer.files },
      notes: [...(source.notes ?? []), ...notes],
      newHead,
      rounding,
    };
  } finally {
    await source.close();
  }
}

/**
 * Checks a reward model as `checkModel` checks a language model.
 *
 * @throws {DpoError} the errors of {@link loadRewardModel}, but for `model.not-finite`; `lora.unknown-target`, `lora.bad-pattern`.
 */
export async function checkRewardModel(
  path: string,
  options: CheckOptions & Pick<LoadRewardOptions, 'padToken'> = {},
): Promise<CheckedModel> {
  const source = await openModelFiles(path);
  try {
    const { decoder } = await planReward(source, options);
    if (options.loraTargets !== undefined) targetLayers(decoder, options.loraTargets);
    return { hasTokenizer: true };
  } finally {
    await source.close();
  }
}

/** The steps of loading before weights are read. */
async function planReward(
  source: ModelFiles,
  { extraTensors = 'error', padToken }: Pick<LoadRewardOptions, 'extraTensors' | 'padToken'>,
) {
  const { path, config } = source;
  if (source.adapter !== undefined) throw isAdapter(source);
  checkLayers(source);
  const newHead = !isClassifierConfig(config);
  if (!newHead) checkLabels(source);
  const plain = decoderFor(config, path);
  const { tokenizer, id, note } = await tokenizerWithPad(source, plain.config.vocabSize, padToken);
  const decoder = withScoreHead(decoderFor(changedConfig(config, { pad_token_id: id }), path), 1);
  const inFiles = new Map([...decoder.weights].filter(([name]) => !newHead || name !== SCORE));
  const { modelType } = decoder.config;
  const { places } = matchTensors({ ...decoder, weights: inFiles, modelType, head: undefined }, source, extraTensors);
  return { decoder, tokenizer, places, newHead, notes: note === undefined ? [] : [note] };
}

function checkLabels({ path, config }: ModelFiles): void {
  const { names } = labelsOf(config);
  if (names.length === 1) return;
  throw new DpoError(
    'classifier.not-a-reward-model',
    `${path} is a classifier of ${names.length} labels (${names.slice(0, 3).join(', ')}); a reward model has one label.`,
    { values: { path, labels: names.length }, hint: 'Give a language model, or a classifier with num_labels 1.' },
  );
}

/** The tokenizer with its padding token, and a note when the token had to be chosen. */
async function tokenizerWithPad(
  { path, config, tokenizerFiles }: ModelFiles,
  vocabSize: number,
  padToken: string | false | undefined,
) {
  if (!hasTokenizer(tokenizerFiles))
    throw new DpoError('classifier.no-tokenizer', `${path} has no tokenizer.json, without which no text can be read.`, {
      values: { path },
      hint: 'Write one in Python: AutoTokenizer.from_pretrained("MODEL").save_pretrained("MODEL").',
    });
  const own = forModel(await loadTokenizer(tokenizerFiles), config, vocabSize);
  if (padToken === false) return { tokenizer: own, id: config.pad_token_id ?? null, note: undefined };
  const pad = padTokenOf(own, vocabSize, padToken, path);
  const files = withPadToken(own.files, pad);
  const tokenizer = files === own.files ? own : forModel(createTokenizer(files, path), config, vocabSize);
  const isNew = padToken === undefined && own.padTokenId !== pad.id;
  return {
    tokenizer,
    id: pad.id,
    note: isNew ? `${path} names no padding token that ends no text: ${pad.text} (${pad.id}) is used.` : undefined,
  };
}

function newScore(engine: Engine, width: number, seed: number): Variable {
  const next = normal(random(seed));
  const deviation = 1 / Math.sqrt(width + 1);
  return engine.variable(
    SCORE,
    [1, width],
    Float32Array.from({ length: width }, () => deviation * next()),
  );
}
