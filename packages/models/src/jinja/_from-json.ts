import type { Json } from '@dpo/base';
import { Dict, Float, type Value } from './_values.js';

/** A JSON value as a value of Python. Parsed JSON does not tell 1.0 from 1, so whole numbers are `int`. */
export function fromJson(json: Json): Value {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? (json === 0 ? 0 : json) : new Float(json);
  if (json === null || typeof json !== 'object') return json;
  if (isArray(json)) return json.map(fromJson);
  const dict = new Dict();
  for (const [key, value] of Object.entries(json)) if (value !== undefined) dict.set(key, fromJson(value));
  return dict;
}

function isArray(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}
