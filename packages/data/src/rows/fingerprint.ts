import { atOnce, inPieces } from '@dpo/base';
import { type Sha256, sha256 } from '#sha256';
import type { Column } from './columns.js';
import type { RowFormat } from './row-format.js';

/** Text is hashed when there are about this many UTF-16 units of it: fewer calls into the hash. */
const HASH_UNITS = 1 << 16;

/** A fingerprint that is computed once, when it is first asked for. */
interface Fingerprint {
  readonly atOnce: () => string;
  readonly inPieces: (signal?: AbortSignal) => Promise<string>;
}

/** SHA-256 of the rows' column values in canonical form, one after another; `known` when it was computed before. */
export function fingerprintOf<Row>(format: RowFormat<Row>, rows: Iterable<Row>, known?: string): Fingerprint {
  let computed = known;
  return {
    atOnce: () => {
      computed ??= atOnce(fingerprintSteps(format, rows));
      return computed;
    },
    inPieces: async (signal) => {
      computed ??= await inPieces(fingerprintSteps(format, rows), signal);
      return computed;
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
  /** The fingerprint of all rows until now; more can be added. */
  fingerprint(): string;
  /** Another digest of the rows until now, which goes its own way. */
  copy(): RowDigest<Row>;
}

/** A digest of no rows yet. */
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

/** Columns that came later say nothing where they hold nothing: rows without them keep their fingerprint. */
function canonicalColumn({ name, kind }: Column, value: unknown): string {
  if (kind !== 'tools' && kind !== 'variables') return canonical(value);
  return value === undefined ? '' : `${name}=${canonical(value)}`;
}

/** A value in a form that no other value has: every text with its length before it, every list with its count. */
function canonical(value: unknown): string {
  if (value === undefined) return '-';
  if (typeof value === 'string') return `"${value.length}:${value}`;
  if (Array.isArray(value)) return `[${value.length}:${value.map(canonical).join('')}`;
  if (typeof value === 'object' && value !== null) return canonicalObject(value as Readonly<Record<string, unknown>>);
  return `#${value};`;
}

/**
 * A message of role and content alone, in this order, by these two. Everything else with its keys in the order in which they
 * are written, since a template that prints a whole message prints them so: another order may be other tokens.
 */
function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(value);
  if (names.length === 2 && names[0] === 'role' && names[1] === 'content')
    return `{${canonical(value.role)}${canonical(value.content)}`;
  const entries = names.map((name) => `${canonical(name)}${canonical(value[name])}`);
  return `{+${names.length}:${entries.join('')}`;
}
