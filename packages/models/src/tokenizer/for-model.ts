import { isObject, parseJsonObject } from '@dpo/base';
import type { ModelTokenizer } from './tokenizer.js';

/**
 * A tokenizer with the facts of its model: the end tokens in the model's files, and the size of the model's embedding when it is
 * smaller than the tokenizer's vocabulary.
 *
 * As in transformers' `generate`, every id of `eos_token_id` ends an answer, one or several: in `generation_config.json`, else in
 * `config.json`, else the tokenizer's end token. Answers by a chat template are cut behind the same tokens. In a GGUF file they are
 * the ids `eos`, `eot` and `eom`.
 *
 * @param config the model's `config.json`
 * @param vocabSize how many tokens the model's embedding has
 */
export function forModel(
  tokenizer: ModelTokenizer,
  config: Readonly<Record<string, unknown>>,
  vocabSize: number,
): ModelTokenizer {
  const generation = parseJsonObject(tokenizer.files['generation_config.json'] ?? '{}', 'generation_config.json');
  const nested = isObject(config.text_config) ? config.text_config : {};
  const ofModel = [generation, config, nested]
    .map((settings) => idsOf(settings.eos_token_id))
    .find(({ length }) => length > 0);
  const endTokenIds = ofModel ?? tokenizer.endTokenIds;
  const { chat } = tokenizer;
  return {
    ...tokenizer,
    ...(chat === undefined ? {} : { chat: chat.withEnds(endTokenIds.map((id) => tokenizer.decode([id]))) }),
    endTokenIds,
    eosTokenId: tokenizer.eosTokenId ?? endTokenIds[0],
    ...(tokenizer.vocabSize > vocabSize ? { embeddingRows: vocabSize } : {}),
  };
}

function idsOf(value: unknown): readonly number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(list.filter((id): id is number => typeof id === 'number' && Number.isSafeInteger(id) && id >= 0))];
}
