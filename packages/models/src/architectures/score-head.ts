import { changedConfig } from '../files/config-json.js';
import type { Decoder, ModelConfig, WeightSpec } from './types.js';

/** The score head's weight in `…ForSequenceClassification` of every decoder. */
export const SCORE = 'score.weight';

/** The first part of transformers' class names, by `model_type`. */
const classes: Readonly<Record<string, string>> = {
  gemma2: 'Gemma2',
  gemma3_text: 'Gemma3Text',
  gpt2: 'GPT2',
  gpt_neox: 'GPTNeoX',
  gptj: 'GPTJ',
  llama: 'Llama',
  mistral: 'Mistral',
  olmo2: 'Olmo2',
  phi3: 'Phi3',
  qwen2: 'Qwen2',
  qwen3: 'Qwen3',
  smollm3: 'SmolLM3',
};

/** Heads of language models, which the files of a classifier may still hold. */
const ofLanguageModels = /^(lm_head|embed_out)\./;

/**
 * The decoder with a score head in place of the unembedding: transformers' `…ForSequenceClassification`. The logits are those of
 * N labels instead of V tokens, and count at the last token of a text:
 *
 *     logits = norm(h) Wᵀ, W [N, D] without a bias
 *
 * A new head begins as normal numbers of standard deviation 1 / √(D + 1), as in "Learning to summarize from human feedback"
 * (arXiv 2009.01325, appendix B).
 *
 * @param labels N
 */
export function withScoreHead(decoder: Decoder, labels: number): Decoder {
  const { config } = decoder;
  const replaced = new Set([decoder.logitBias, config.tiedHead ? undefined : decoder.unembedding]);
  const score: WeightSpec = {
    shape: [labels, config.width],
    kind: 'embedding',
    initial: { deviation: 1 / Math.sqrt(config.width + 1) },
  };
  return {
    ...decoder,
    config: { ...config, tiedHead: false, raw: classifierConfig(config, labels) },
    weights: new Map([...[...decoder.weights].filter(([name]) => !replaced.has(name)), [SCORE, score]]),
    unembedding: SCORE,
    head: SCORE,
    headAliases: undefined,
    headInModel: undefined,
    logitBias: undefined,
    logitCap: undefined,
    labels,
    isExtra: (name) => decoder.isExtra(name) || replaced.has(name) || ofLanguageModels.test(name),
  };
}

/** Whether a config.json belongs to a classifier. */
export function isClassifierConfig({ architectures }: Readonly<Record<string, unknown>>): boolean {
  return (
    Array.isArray(architectures) && architectures.some((name) => String(name).endsWith('ForSequenceClassification'))
  );
}

/** A language model's configuration turned into a classifier's. A classifier's configuration stays as it is. */
function classifierConfig(config: ModelConfig, labels: number): Readonly<Record<string, unknown>> {
  const { raw, modelType } = config;
  if (isClassifierConfig(raw)) return raw;
  const names = Array.from({ length: labels }, (_, id) => [id, `LABEL_${id}`] as const);
  return changedConfig(raw, {
    architectures: [`${classes[modelType] ?? modelType}ForSequenceClassification`],
    id2label: Object.fromEntries(names),
    label2id: Object.fromEntries(names.map(([id, name]) => [name, id])),
  });
}
