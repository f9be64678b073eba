import { parseJsonObject } from '../files/json-object.js';

/**
 * The texts of the tokens that end an answer: those that `generation_config.json` names, at any of which generation stops,
 * else the tokenizer's end of text.
 *
 * @param eos the tokenizer's end of text
 * @param textOf the text of a token
 */
export function endTextsOf(
  files: Readonly<Record<string, string>>,
  eos: string | undefined,
  textOf: (id: number) => string | undefined,
): readonly string[] {
  const config = parseJsonObject(files['generation_config.json'] ?? '{}', 'generation_config.json');
  const ids: unknown[] = [config.eos_token_id].flat();
  const texts = ids.flatMap((id) => (typeof id === 'number' ? (textOf(id) ?? []) : []));
  if (texts.length > 0) return texts;
  return eos === undefined ? [] : [eos];
}
