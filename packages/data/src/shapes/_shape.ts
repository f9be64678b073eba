import { conversationIn } from '../rows/conversation-text.js';
import { type FileRecord, parseJsonText, wrongType } from '../rows/parse-values.js';
import type { Place } from '../rows/place.js';

/** A form in which preference data are published, recognised by its keys. */
export interface Shape {
  /** One word for the shape. */
  readonly name: string;
  /** What a row looks like, for errors and the documentation. */
  readonly description: string;
  /** The keys that must hold a value. */
  readonly keys: readonly string[];
  /** Optional keys that the shape reads. */
  readonly also?: readonly string[];
  /** Another condition for rows of the shape. */
  matches?(row: FileRecord): boolean;
  /** The row's pairs, by our column names; none when no answer is preferred. */
  pairs(row: FileRecord, place: Place): readonly FileRecord[];
  /** The row's ranked lists, for shapes with more than two answers. */
  rankings?(row: FileRecord, place: Place): readonly FileRecord[];
  /** The row's prompt, answer and score, for shapes of which two successive rows make a pair. */
  part?(row: FileRecord, place: Place): { readonly prompt: unknown; readonly answer: unknown; readonly score: number };
}

/** True when the row has a value under this key. */
export function holds(row: FileRecord, key: string): boolean {
  return row[key] !== undefined && row[key] !== null;
}

/** The value as a list, or the list that a JSON text spells (CSV has no lists). @throws DpoError `data.wrong-type` */
export function listOf(value: unknown, key: string, place: Place, expected = 'a list'): readonly unknown[] {
  const list = typeof value === 'string' ? parseJsonText(value, key, expected, place) : value;
  if (!Array.isArray(list)) throw wrongType(value, key, expected, place);
  return list;
}

/** The value as an object, or the object that a JSON text spells (CSV has none). @throws DpoError `data.wrong-type` */
export function objectOf(value: unknown, key: string, place: Place): FileRecord {
  const object = typeof value === 'string' ? parseJsonText(value, key, 'an object', place) : value;
  if (typeof object === 'object' && object !== null && !Array.isArray(object)) return object as FileRecord;
  throw wrongType(value, key, 'an object', place);
}

/** True for a text that is not JSON of messages. @throws DpoError `data.conversation-as-text` */
export function isWords(value: unknown, key: string, place: Place): value is string {
  return typeof value === 'string' && conversationIn(value, key, place) === undefined;
}

/** A plain answer to a conversation as the assistant's turn; any other value unchanged. */
export function asTurn(answer: unknown, key: string, place: Place): unknown {
  return isWords(answer, key, place) ? [{ role: 'assistant', content: answer }] : answer;
}

/** The number that a field spells. Any other value is returned unchanged, for the check that names it. */
export function asNumber(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

/** An answer with its score: higher is better. */
export interface RatedAnswer {
  readonly answer: unknown;
  readonly score: number;
}

/** The pair of the best answer and the worst; none when all scores are equal. */
export function bestAndWorst(prompt: unknown, answers: readonly RatedAnswer[]): readonly FileRecord[] {
  const [best, ...others] = answers.toSorted((a, b) => b.score - a.score);
  const worst = others.at(-1);
  if (best === undefined || worst === undefined || best.score === worst.score) return [];
  return [
    { prompt, chosen: best.answer, rejected: worst.answer, chosen_score: best.score, rejected_score: worst.score },
  ];
}

/** All answers as a ranked list; none for fewer than two answers. */
export function ranking(prompt: unknown, answers: readonly RatedAnswer[]): readonly FileRecord[] {
  if (answers.length < 2) return [];
  return [{ prompt, responses: answers.map(({ answer }) => answer), scores: answers.map(({ score }) => score) }];
}
