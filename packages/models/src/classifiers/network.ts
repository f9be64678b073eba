import { DpoError } from '@dpo/base';
import { ConfigReader } from '../architectures/config-reader.js';
import { supportedArchitectures } from '../architectures/registry.js';
import { isClassifierConfig } from '../architectures/score-head.js';
import { bert } from './bert.js';
import { distilbert } from './distilbert.js';
import { roberta } from './roberta.js';
import { scoredDecoder } from './scored-decoder.js';
import type { TextNetwork } from './types.js';

const encoders: Readonly<Record<string, (settings: ConfigReader, labels: number) => TextNetwork>> = {
  bert,
  distilbert,
  roberta,
  'xlm-roberta': roberta,
};

/** The model types whose `…ForSequenceClassification` can be opened. */
export const supportedClassifiers: readonly string[] = [...Object.keys(encoders), ...supportedArchitectures];

/**
 * The network that the config.json of a classifier describes.
 *
 * @param path the folder or file, for messages
 * @param labels how many labels the classifier has
 * @throws {DpoError} `classifier.not-one` for another kind of model, `model.unsupported-architecture`, `model.bad-config`,
 * `model.unsupported-config`.
 */
export function networkFor(config: Readonly<Record<string, unknown>>, path: string, labels: number): TextNetwork {
  if (!isClassifierConfig(config))
    throw new DpoError(
      'classifier.not-one',
      `${path} is no text classifier: its config.json says ${JSON.stringify(config.architectures ?? null)}, not …ForSequenceClassification.`,
      { values: { path, architectures: config.architectures ?? null }, hint: 'Open a language model with loadModel.' },
    );
  const type = String(config.model_type);
  const encoder = Object.hasOwn(encoders, type) ? encoders[type] : undefined;
  if (encoder !== undefined) return encoder(new ConfigReader(config, path), labels);
  if (supportedArchitectures.includes(type)) return scoredDecoder(config, path, labels);
  throw new DpoError(
    'model.unsupported-architecture',
    `${path}: classifiers of model_type ${JSON.stringify(config.model_type ?? null)} are not supported; these are: ${supportedClassifiers.join(', ')}.`,
    { values: { path, modelType: config.model_type ?? null, supported: supportedClassifiers } },
  );
}
