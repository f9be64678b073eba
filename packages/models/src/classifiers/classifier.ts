import { DpoError } from '@dpo/base';
import type { Engine, Precision, Values, Variable } from '@dpo/engine';
import type { ModelTokenizer } from '../tokenizer/tokenizer.js';
import { type Labels, type ProblemType, probabilitiesOf } from './labels.js';
import type { TextNetwork, TextRows } from './types.js';

/** What a classifier says of one text. */
export interface Classification {
  /** One to each label. A reward model has a single one, the reward. */
  readonly logits: readonly number[];
  /** Softmax of the logits for one of several labels, a sigmoid of each for several; undefined for a reward. */
  readonly probabilities: readonly number[] | undefined;
  /** The label of the largest logit. */
  readonly label: string;
  /** Tokens that were read, special ones included. */
  readonly tokens: number;
  /** The text was longer than the model reads, and its end was cut off. */
  readonly truncated: boolean;
}

export interface ClassifyOptions {
  /** Texts computed at a time. Default 16. */
  readonly batchSize?: number | undefined;
  /** The longest text in tokens; the model's own limit if it is less. */
  readonly maxTokens?: number | undefined;
  /** Called with the number of texts done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A text classifier whose weights live in variables of an engine. */
export interface Classifier {
  /** The names of the labels in the order of the logits: `id2label`. */
  readonly labels: readonly string[];
  readonly problem: ProblemType;
  readonly modelType: string;
  readonly maxTokens: number;
  /**
   * Classifies texts, in any number and of any lengths. A text is encoded with the special tokens that the tokenizer puts
   * around it; token ids (of a chat template, say) are taken as they are.
   *
   * @throws DpoError `classifier.bad-option`, and `classifier.bad-token` for ids that are none
   */
  classify(
    texts: readonly (string | readonly number[])[],
    options?: ClassifyOptions,
  ): Promise<readonly Classification[]>;
  /**
   * One number to each text, higher for better: what a reward model gives, or the probability of a label.
   *
   * @param options.label which; without it the one that is called positive. Not for reward models.
   * @throws DpoError `classifier.unknown-label`, and what `classify` throws
   */
  scores(
    texts: readonly (string | readonly number[])[],
    options?: ClassifyOptions & { readonly label?: string | undefined },
  ): Promise<readonly number[]>;
  /** Frees the weights. */
  dispose(): void;
}

/** A network with its weights and its tokenizer. It owns the weights. */
export function textClassifier(parts: {
  readonly engine: Engine;
  readonly network: TextNetwork;
  readonly labels: Labels;
  readonly tokenizer: Pick<ModelTokenizer, 'encodeWithSpecials'>;
  readonly weights: ReadonlyMap<string, Variable>;
  readonly precision: Precision;
}): Classifier {
  const { engine, network, labels, tokenizer, weights, precision } = parts;
  const run = engine.function<keyof TextRows, 'logits'>(
    'classify',
    (scope, inputs) => ({
      logits: network.logits(inputs as unknown as TextRows, (name) => scope.read(weights.get(name) as Variable)),
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
      const encoded = texts.map((text, index) => ({ index, ...encode(text, tokenizer, limit) }));
      for (const { ids, index } of encoded) checkIds(ids, index, network.vocabSize);
      // Texts of like lengths together, so that little is computed on padding.
      const order = encoded.sort((a, b) => a.ids.length - b.ids.length);
      const results = new Array<Classification>(texts.length);
      for (let start = 0; start < order.length; start += batchSize) {
        signal?.throwIfAborted();
        const batch = order.slice(start, start + batchSize);
        const { logits } = await run(
          rowsOf(
            network,
            batch.map(({ ids }) => ids),
            Math.min(batchSize, order.length),
          ),
        );
        for (const [row, { index, ids, truncated }] of batch.entries()) {
          const own = Array.from(logits.data.subarray(row * labels.names.length, (row + 1) * labels.names.length));
          results[index] = {
            logits: own,
            probabilities: probabilitiesOf(own, labels.problem),
            label: labels.names[own.indexOf(Math.max(...own))] as string,
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
      hint: 'Name one of them as the label whose probability is the score.',
    },
  );
}

/** The ids of a text, cut to the limit at its end but before the special tokens that close it. */
function encode(
  text: string | readonly number[],
  tokenizer: Pick<ModelTokenizer, 'encodeWithSpecials'>,
  limit: number,
): { readonly ids: readonly number[]; readonly truncated: boolean } {
  const ids = typeof text === 'string' ? tokenizer.encodeWithSpecials(text) : text;
  if (ids.length <= limit) return { ids, truncated: false };
  if (typeof text !== 'string') return { ids: ids.slice(0, limit), truncated: true };
  // What closes every text: the tokens at which two encodings agree from the end.
  const [one, other] = [tokenizer.encodeWithSpecials('a'), tokenizer.encodeWithSpecials('1')];
  let closing = 0;
  while (closing < one.length && one.at(-1 - closing) === other.at(-1 - closing)) closing++;
  if (closing >= limit) return { ids: ids.slice(0, limit), truncated: true };
  return { ids: [...ids.slice(0, limit - closing), ...ids.slice(ids.length - closing)], truncated: true };
}

/** Rows of one length, which is one of few so that few shapes are compiled. */
function rowsOf(
  network: TextNetwork,
  texts: readonly (readonly number[])[],
  rows: number,
): Record<keyof TextRows, Values> {
  const longest = Math.max(1, ...texts.map((ids) => ids.length));
  const length = Math.min(bucket(longest), network.maxTokens);
  const ids = new Int32Array(rows * length).fill(network.padTokenId ?? 0);
  const positions = new Int32Array(rows * length);
  const mask = new Int32Array(rows * length);
  const deciding = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const text = texts[row] ?? [];
    ids.set(text, row * length);
    const own = network.positions(text);
    // Nobody sees padding, so any position that exists will do for it.
    positions.fill(own.at(-1) ?? 0, row * length, (row + 1) * length).set(own, row * length);
    mask.fill(1, row * length, row * length + text.length);
    deciding[row] = row * length + network.deciding(text);
  }
  const grid = (data: Int32Array): Values => ({ dtype: 'int32', shape: [rows, length], data });
  return {
    ids: grid(ids),
    positions: grid(positions),
    mask: grid(mask),
    deciding: { dtype: 'int32', shape: [rows], data: deciding },
  };
}

/** The next of 16, 24, 32, 48, 64, 96, … */
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
