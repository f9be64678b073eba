import { atOnce, inPieces } from '@dpo/base';
import { type Sha256, sha256 } from '#sha256';
import type { Column } from './columns.js';
import type { RowFormat } from './row-format.js';

/** Text is hashed in pieces of about this many UTF-16 units, for fewer calls into the hash. */
const HASH_UNITS = 1 << 16;

/** A fingerprint that is computed once, when it is first asked for. */
interface Fingerprint {
  readonly atOnce: () => string;
  readonly inPieces: (signal?: AbortSignal) => Promise<string>;
}

/** SHA-256 of the rows' column values in canonical form, one after another. `earlier` is the result when it was computed before. */
export function fingerprintOf<Row>(format: RowFormat<Row>, rows: Iterable<Row>, earlier?: string): Fingerprint {
  let fingerprint = earlier;
  return {
    atOnce: () => {
      fingerprint ??= atOnce(fingerprintSteps(format, rows));
      return fingerprint;
    },
    inPieces: async (signal) => {
      fingerprint ??= await inPieces(fingerprintSteps(format, rows), signal);
      return fingerprint;
    },
  };
}

function* fingerprintSteps<Row>(format: RowFormat<Row>, rows: Iterable<Row>): Generator<undefined, string> {
  const digest = rowDigest(format);
  for (const row of rows) {
    digest.add(row);
    yield;
  }
  return digest.fingerprint();
}

/** The fingerprint of rows that come one after another. */
export interface RowDigest<Row> {
  add(row: Row): void;
  /** The fingerprint of all rows so far. More rows can be added. */
  fingerprint(): string;
  /** A second digest of the rows so far, independent of this one. */
  copy(): RowDigest<Row>;
}

/** An empty digest for rows of a format. */
export function rowDigest<Row>(format: RowFormat<Row>): RowDigest<Row> {
  return digestFrom(format, sha256().update(`dpo ${format.name} 1\n`));
}

function digestFrom<Row>(format: RowFormat<Row>, hash: Sha256): RowDigest<Row> {
  let text = '';
  const hashText = () => {
    hash.update(text);
    text = '';
  };
  return {
    add(row) {
      const record = format.record(row);
      for (const column of format.columns) text += canonicalColumn(column, record[column.name]);
      if (text.length >= HASH_UNITS) hashText();
    },
    fingerprint() {
      hashText();
      return hash.copy().hex();
    },
    copy() {
      hashText();
      return digestFrom(format, hash.copy());
    },
  };
}

/** A digest that rows are added to while they are read from files, one file after another. */
export interface GrowingDigest<Row> {
  current: RowDigest<Row>;
}

/** A column's part of the text. Columns added to the format later have none when they are empty, so that fingerprints stay. */
function canonicalColumn({ name, kind }: Column, value: unknown): string {
  if (kind !== 'tools' && kind !== 'variables') return canonical(value);
  return value === undefined ? '' : `${name}=${canonical(value)}`;
}

/** A value in a form that no other value has: a text follows its length, a list follows its count. */
function canonical(value: unknown): string {
  if (value === undefined) return '-';
  if (typeof value === 'string') return `"${value.length}:${value}`;
  if (Array.isArray(value)) return `[${value.length}:${value.map(canonical).join('')}`;
  if (typeof value === 'object' && value !== null) return canonicalObject(value as Readonly<Record<string, unknown>>);
  return `#${value};`;
}

/**
 * A message of role and content alone, in this order, is these two values. Any other object has its keys as well, in their
 * order: a template may print a whole message, and another order may give other tokens.
 */
function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(value);
  if (names.length === 2 && names[0] === 'role' && names[1] === 'content')
    return `{${canonical(value.role)}${canonical(value.content)}`;
  const entries = names.map((name) => `${canonical(name)}${canonical(value[name])}`);
  return `{+${names.length}:${entries.join('')}`;
}
