import { DpoError } from '@dpo/base';
import type { Engine, Precision, Variable } from '@dpo/engine';
import { openModelFiles } from '../files/open-model-files.js';
import { isAdapter } from '../model/load-model-from.js';
import { matchTensors } from '../model/match-tensors.js';
import { checkLayers, readWeights } from '../model/read-weights.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import type { ModelTokenizer } from '../tokenizer/tokenizer.js';
import { hasTokenizer } from '../tokenizer/vocabulary-files.js';
import { type Classifier, textClassifier } from './classifier.js';
import { labelsOf } from './labels.js';
import { networkFor } from './network.js';

/** How a classifier is loaded. */
export interface LoadClassifierOptions {
  /** Called after each weight with the bytes so far and the bytes of all weights. */
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined;
  /** The precision of matrix products. Default float32, whatever the engine's: labels depend on small differences. */
  readonly precision?: Precision | undefined;
}

/** A classifier with its tokenizer. */
export interface LoadedClassifier {
  readonly classifier: Classifier;
  readonly tokenizer: ModelTokenizer;
}

/**
 * Opens a text classifier from a Hugging Face folder: a `…ForSequenceClassification` of BERT, RoBERTa, XLM-RoBERTa or
 * DistilBERT (sentiment), or of a decoder (a reward model, with a score head). Logits are those of transformers.
 *
 * @throws {DpoError} `classifier.not-one`, `classifier.no-tokenizer`, `model.unsupported-architecture`, `model.missing-tensor`,
 * and the other errors of {@link openModelFiles}, {@link matchTensors} and {@link readWeights}.
 */
export async function loadClassifier(
  engine: Engine,
  folder: string,
  options: LoadClassifierOptions = {},
): Promise<LoadedClassifier> {
  const source = await openModelFiles(folder);
  let weights: ReadonlyMap<string, Variable> = new Map();
  try {
    if (source.adapter !== undefined) throw isAdapter(source);
    checkLayers(source);
    const labels = labelsOf(source.config);
    const network = networkFor(source.config, source.path, labels.names.length);
    const { places } = matchTensors(network, source, 'error');
    if (!hasTokenizer(source.tokenizerFiles))
      throw new DpoError(
        'classifier.no-tokenizer',
        `${folder} has no tokenizer.json, without which no text can be read.`,
        {
          values: { path: folder },
          hint: 'Write one in Python: AutoTokenizer.from_pretrained("MODEL").save_pretrained("MODEL").',
        },
      );
    const tokenizer = await loadTokenizer(source.tokenizerFiles);
    ({ weights } = await readWeights(engine, network, source, places, options));
    const classifier = textClassifier({
      engine,
      network,
      labels,
      tokenizer,
      weights,
      precision: options.precision ?? 'float32',
    });
    return { classifier, tokenizer };
  } catch (error) {
    for (const variable of weights.values()) variable.dispose();
    throw error;
  } finally {
    await source.close();
  }
}
