import { isObject, parseJsonObject } from '@dpo/base';
import type { ModelTokenizer } from './tokenizer.js';

/**
 * A tokenizer beside its model: with the ends that the model's files name, and with the number of rows of its embedding
 * where these are fewer than the tokens.
 *
 * Every id that `eos_token_id` names ends an answer, one or several: in `generation_config.json`, else in `config.json`, else
 * the tokenizer's end token. So does transformers' `generate`. What a chat template writes of an answer is cut behind the
 * same tokens. Of a GGUF file the ids `eos`, `eot` and `eom` are such.
 *
 * @param config the model's `config.json`
 * @param rows rows of the model's embedding
 */
export function forModel(
  tokenizer: ModelTokenizer,
  config: Readonly<Record<string, unknown>>,
  rows: number,
): ModelTokenizer {
  const generation = parseJsonObject(tokenizer.files['generation_config.json'] ?? '{}', 'generation_config.json');
  const nested = isObject(config.text_config) ? config.text_config : {};
  const named = [generation, config, nested].map((each) => idsOf(each.eos_token_id)).find(({ length }) => length > 0);
  const endTokenIds = named ?? tokenizer.endTokenIds;
  const { chat } = tokenizer;
  return {
    ...tokenizer,
    ...(chat === undefined ? {} : { chat: chat.withEnds(endTokenIds.map((id) => tokenizer.decode([id]))) }),
    endTokenIds,
    eosTokenId: tokenizer.eosTokenId ?? endTokenIds[0],
    ...(tokenizer.vocabSize > rows ? { embeddingRows: rows } : {}),
  };
}

function idsOf(value: unknown): readonly number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(list.filter((id): id is number => typeof id === 'number' && Number.isSafeInteger(id) && id >= 0))];
}
