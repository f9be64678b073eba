import { isObject } from '@dpo/base';

/** No vocabulary has more tokens. The library makes lists as long as the largest id. */
const MOST = 2 ** 24;

/**
 * Checks a tokenizer.json for faults that `@huggingface/tokenizers` would skip with a warning, and so give other ids, or that would
 * keep it busy for ever: invalid patterns, impossible ids.
 *
 * @throws {TypeError} for such a fault.
 */
export function checkParts(json: Readonly<Record<string, unknown>>): void {
  for (const part of ['normalizer', 'pre_tokenizer', 'decoder']) checkPatterns(json[part]);
  const { model, added_tokens: added } = json;
  if (!isObject(model)) throw new TypeError('it has no model');
  const { vocab } = model;
  if (isObject(vocab)) for (const [token, id] of Object.entries(vocab)) checkId(token, id);
  else if (!Array.isArray(vocab) || !vocab.every(isPiece)) throw new TypeError('its vocab is none');
  for (const token of Array.isArray(added) ? (added as unknown[]) : [])
    if (isObject(token)) checkId(String(token.content), token.id);
}

function checkPatterns(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  const { type, pattern } = part as Record<string, unknown>;
  if ('pattern' in part || type === 'Replace' || type === 'Split') {
    const isValid = isObject(pattern) && (typeof pattern.Regex === 'string' || typeof pattern.String === 'string');
    if (!isValid) throw new TypeError(`the pattern ${JSON.stringify(pattern)} is none`);
  }
  for (const inner of Object.values(part)) checkPatterns(inner);
}

/** @throws {TypeError} when an id is impossible. */
export function checkId(token: string, id: unknown): void {
  if (Number.isSafeInteger(id) && Number(id) >= 0 && Number(id) < MOST) return;
  throw new TypeError(`the token ${JSON.stringify(token)} has the id ${JSON.stringify(id)}`);
}

/** A piece of a Unigram model and its score. */
function isPiece(entry: unknown): boolean {
  return Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number';
}
