import { conversationWithin } from '../rows/conversation-text.js';
import { type FileRecord, parseJsonText, wrongType } from '../rows/parse-values.js';
import type { Place } from '../rows/place.js';

/** A form in which preference data are published, known by its keys. */
export interface Shape {
  /** One word for it. */
  readonly name: string;
  /** What a row looks like: for errors and the documentation. */
  readonly description: string;
  /** The keys that must hold something. */
  readonly keys: readonly string[];
  /** Keys that are read where they are there. */
  readonly also?: readonly string[];
  /** What must hold besides. */
  matches?(row: FileRecord): boolean;
  /** The row's pairs, by our column names; none where it prefers nothing. */
  pairs(row: FileRecord, place: Place): readonly FileRecord[];
  /** The row's ranked lists, where it holds more than a pair. */
  rankings?(row: FileRecord, place: Place): readonly FileRecord[];
  /** Where two rows in a row make a pair: what the row is part of, and what it is worth. */
  part?(row: FileRecord, place: Place): { readonly prompt: unknown; readonly answer: unknown; readonly score: number };
}

/** True where the row says something under this key. */
export function holds(row: FileRecord, key: string): boolean {
  return row[key] !== undefined && row[key] !== null;
}

/** The value as a list, which a file that knows none has as JSON: `data.wrong-type`. */
export function listOf(value: unknown, key: string, place: Place, expected = 'a list'): readonly unknown[] {
  const list = typeof value === 'string' ? parseJsonText(value, key, expected, place) : value;
  if (!Array.isArray(list)) throw wrongType(value, key, expected, place);
  return list;
}

/** The value as an object, which a file that knows none has as JSON: `data.wrong-type`. */
export function objectOf(value: unknown, key: string, place: Place): FileRecord {
  const object = typeof value === 'string' ? parseJsonText(value, key, 'an object', place) : value;
  if (typeof object === 'object' && object !== null && !Array.isArray(object)) return object as FileRecord;
  throw wrongType(value, key, 'an object', place);
}

/** True for a text that is nothing but words: no messages in JSON. */
export function isWords(value: unknown, key: string, place: Place): value is string {
  return typeof value === 'string' && conversationWithin(value, key, place) === undefined;
}

/** A plain answer as the assistant's turn, where the prompt is a conversation; anything else as it is. */
export function asTurn(answer: unknown, key: string, place: Place): unknown {
  return isWords(answer, key, place) ? [{ role: 'assistant', content: answer }] : answer;
}

/** The number that a field spells; what is no number is left for the check to name. */
export function asNumber(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

/** An answer with what it is worth: higher is better. */
export interface Rated {
  readonly answer: unknown;
  readonly score: number;
}

/** The best with the worst; nothing where all are worth the same. */
export function bestAndWorst(prompt: unknown, rated: readonly Rated[]): readonly FileRecord[] {
  const [best, ...others] = rated.toSorted((a, b) => b.score - a.score);
  const worst = others.at(-1);
  if (best === undefined || worst === undefined || best.score === worst.score) return [];
  return [
    { prompt, chosen: best.answer, rejected: worst.answer, chosen_score: best.score, rejected_score: worst.score },
  ];
}

/** All of them, as a ranked list; nothing where there are not two. */
export function ranking(prompt: unknown, rated: readonly Rated[]): readonly FileRecord[] {
  if (rated.length < 2) return [];
  return [{ prompt, responses: rated.map(({ answer }) => answer), scores: rated.map(({ score }) => score) }];
}
