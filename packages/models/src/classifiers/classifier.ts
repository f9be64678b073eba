import { DpoError } from '@dpo/base';
import type { Engine, Precision, Values, Variable } from '@dpo/engine';
import type { ModelTokenizer } from '../tokenizer/tokenizer.js';
import { type Labels, type ProblemType, probabilitiesOf } from './labels.js';
import type { TextBatch, TextNetwork } from './types.js';

/** A classifier's result for one text. */
export interface Classification {
  /** One logit to each label. A reward model has one logit, the reward. */
  readonly logits: readonly number[];
  /** The softmax of the logits when a text has one label, the sigmoid of each when it may have several; undefined for a reward. */
  readonly probabilities: readonly number[] | undefined;
  /** The label of the largest logit. */
  readonly label: string;
  /** How many tokens were read, special tokens included. */
  readonly tokens: number;
  /** Whether the end of the text was cut off, because the text was longer than the model reads. */
  readonly truncated: boolean;
}

/** How texts are classified. */
export interface ClassifyOptions {
  /** How many texts are computed at a time. Default 16. */
  readonly batchSize?: number | undefined;
  /** The longest text, in tokens. Default, and at most, the model's own limit. */
  readonly maxTokens?: number | undefined;
  /** Called with the number of texts so far and of all texts. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Once aborted, `classify` throws the signal's reason before the next batch. */
  readonly signal?: AbortSignal | undefined;
}

/** A text classifier whose weights live in variables of an engine. */
export interface Classifier {
  /** The names of the labels in the order of the logits: `id2label`. */
  readonly labels: readonly string[];
  readonly problem: ProblemType;
  /** `model_type` of the configuration. */
  readonly modelType: string;
  /** The longest text that the model reads, in tokens. */
  readonly maxTokens: number;
  /**
   * Classifies texts, in any number and of any length. A text is encoded with the special tokens that the tokenizer puts
   * around it. Token ids, such as those of a chat template, are used as they are.
   *
   * @throws {DpoError} `classifier.bad-option`, and `classifier.bad-token` for ids outside of the vocabulary.
   */
  classify(
    texts: readonly (string | readonly number[])[],
    options?: ClassifyOptions,
  ): Promise<readonly Classification[]>;
  /**
   * One number to each text, higher for better: the reward of a reward model, or the probability of a label.
   *
   * @param options.label the label whose probability is the score. Default the label called positive. Not for reward models.
   * @throws {DpoError} `classifier.unknown-label`, and the errors of `classify`.
   */
  scores(
    texts: readonly (string | readonly number[])[],
    options?: ClassifyOptions & { readonly label?: string | undefined },
  ): Promise<readonly number[]>;
  /** Frees the weights. */
  dispose(): void;
}

/** A classifier out of a network, its weights and its tokenizer. The classifier owns the weights. */
export function textClassifier(parts: {
  readonly engine: Engine;
  readonly network: TextNetwork;
  readonly labels: Labels;
  readonly tokenizer: Pick<ModelTokenizer, 'encodeWithSpecials'>;
  readonly weights: ReadonlyMap<string, Variable>;
  readonly precision: Precision;
}): Classifier {
  const { engine, network, labels, tokenizer, weights, precision } = parts;
  const run = engine.function<keyof TextBatch, 'logits'>(
    'classify',
    (scope, inputs) => ({
      logits: network.logits(inputs as unknown as TextBatch, (name) => scope.read(weights.get(name) as Variable)),
    }),
    { precision },
  );
  const classifier: Classifier = {
    labels: labels.names,
    problem: labels.problem,
    modelType: network.modelType,
    maxTokens: network.maxTokens,

    async classify(texts, { batchSize = 16, maxTokens = network.maxTokens, onProgress, signal } = {}) {
      checkCount('batchSize', batchSize);
      checkCount('maxTokens', maxTokens);
      const limit = Math.min(maxTokens, network.maxTokens);
      const encodings = texts.map((text, index) => ({ index, ...encode(text, tokenizer, limit) }));
      for (const { ids, index } of encodings) checkIds(ids, index, network.vocabSize);
      // Texts of similar length go together, so that little padding is computed.
      const order = encodings.sort((a, b) => a.ids.length - b.ids.length);
      const results = new Array<Classification>(texts.length);
      for (let start = 0; start < order.length; start += batchSize) {
        signal?.throwIfAborted();
        const batch = order.slice(start, start + batchSize);
        const { logits } = await run(
          batchOf(
            network,
            batch.map(({ ids }) => ids),
            Math.min(batchSize, order.length),
          ),
        );
        const count = labels.names.length;
        for (const [i, { index, ids, truncated }] of batch.entries()) {
          const ofText = Array.from(logits.data.subarray(i * count, (i + 1) * count));
          results[index] = {
            logits: ofText,
            probabilities: probabilitiesOf(ofText, labels.problem),
            label: labels.names[ofText.indexOf(Math.max(...ofText))] as string,
            tokens: ids.length,
            truncated,
          };
        }
        onProgress?.(Math.min(start + batchSize, order.length), order.length);
      }
      return results;
    },

    async scores(texts, { label, ...options } = {}) {
      const at = labels.problem === 'regression' && label === undefined ? 0 : labelIndex(labels.names, label);
      const results = await classifier.classify(texts, options);
      return results.map(({ logits, probabilities }) => (probabilities ?? logits)[at] as number);
    },

    dispose() {
      run.dispose();
      for (const variable of weights.values()) variable.dispose();
    },
  };
  return classifier;
}

function labelIndex(labels: readonly string[], label = 'positive'): number {
  const exact = labels.indexOf(label);
  const index = exact >= 0 ? exact : labels.findIndex((name) => name.toLowerCase() === label.toLowerCase());
  if (index >= 0) return index;
  throw new DpoError(
    'classifier.unknown-label',
    `The classifier has no label "${label}"; there are ${labels.join(', ')}.`,
    {
      values: { label, known: labels },
      hint: 'Name one of these labels: its probability is the score.',
    },
  );
}

/** The ids of a text, cut to the limit. The cut takes away the text's end, and keeps the special tokens that close the text. */
function encode(
  text: string | readonly number[],
  tokenizer: Pick<ModelTokenizer, 'encodeWithSpecials'>,
  limit: number,
): { readonly ids: readonly number[]; readonly truncated: boolean } {
  const ids = typeof text === 'string' ? tokenizer.encodeWithSpecials(text) : text;
  if (ids.length <= limit) return { ids, truncated: false };
  if (typeof text !== 'string') return { ids: ids.slice(0, limit), truncated: true };
  // The special tokens that close a text are the common end of two encodings.
  const [one, other] = [tokenizer.encodeWithSpecials('a'), tokenizer.encodeWithSpecials('1')];
  let closing = 0;
  while (closing < one.length && one.at(-1 - closing) === other.at(-1 - closing)) closing++;
  if (closing >= limit) return { ids: ids.slice(0, limit), truncated: true };
  return { ids: [...ids.slice(0, limit - closing), ...ids.slice(ids.length - closing)], truncated: true };
}

/** A batch of texts of one length. Only few lengths are possible, so that few shapes are compiled. */
function batchOf(
  network: TextNetwork,
  texts: readonly (readonly number[])[],
  size: number,
): Record<keyof TextBatch, Values> {
  const longest = Math.max(1, ...texts.map((ids) => ids.length));
  const length = Math.min(bucket(longest), network.maxTokens);
  const ids = new Int32Array(size * length).fill(network.padTokenId ?? 0);
  const positions = new Int32Array(size * length);
  const mask = new Int32Array(size * length);
  const deciding = new Int32Array(size);
  for (let b = 0; b < size; b++) {
    const text = texts[b] ?? [];
    ids.set(text, b * length);
    const ofText = network.positions(text);
    // No token sees padding, so padding may have any valid position.
    positions.fill(ofText.at(-1) ?? 0, b * length, (b + 1) * length).set(ofText, b * length);
    mask.fill(1, b * length, b * length + text.length);
    deciding[b] = b * length + network.deciding(text);
  }
  const grid = (data: Int32Array): Values => ({ dtype: 'int32', shape: [size, length], data });
  return {
    ids: grid(ids),
    positions: grid(positions),
    mask: grid(mask),
    deciding: { dtype: 'int32', shape: [size], data: deciding },
  };
}

/** The length rounded up to one of 16, 24, 32, 48, 64, 96, … */
function bucket(length: number): number {
  let size = 16;
  while (size < length) size = size % 3 === 0 ? (size / 3) * 4 : (size / 2) * 3;
  return size;
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new DpoError('classifier.bad-option', `${name} is ${value}, not a whole number above 0.`, {
    values: { option: name, received: value },
  });
}

function checkIds(ids: readonly number[], text: number, vocabSize: number): void {
  const bad = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (bad < 0) return;
  throw new DpoError(
    'classifier.bad-token',
    `Text ${text}, token ${bad} is ${ids[bad]}; ids are 0 to ${vocabSize - 1}.`,
    {
      values: { text, token: bad, received: ids[bad] ?? null, vocabSize },
    },
  );
}
