import type { Mend, ReadNotes } from '@dpo/data';
import type { RunContext } from '../context.js';

/** Collects what reading files has to say, to be told or counted. */
export interface CollectedNotes {
  readonly onNotes: (notes: ReadNotes) => void;
  readonly all: readonly ReadNotes[];
}

/** Collects the notes of one or several files. */
export function collectNotes(): CollectedNotes {
  const all: ReadNotes[] = [];
  return { all, onNotes: (notes) => void all.push(notes) };
}

/** The notes of several files as those of one dataset; rows are named as each file counts them. */
export function mergeNotes(path: string, all: readonly ReadNotes[]): ReadNotes {
  const mended = new Map<string, Mend>();
  for (const one of all.flatMap((notes) => notes.mended)) {
    const before = mended.get(one.code);
    const rows = [...(before?.rows ?? []), ...one.rows].slice(0, NAMED);
    mended.set(one.code, { ...one, rows, count: (before?.count ?? 0) + one.count });
  }
  const leftAside = [...new Set(all.flatMap((notes) => notes.leftAside))].sort();
  return { path, leftAside, mended: [...mended.values()] };
}

/** Says once of a file which of its columns nothing is made of, and what was put right in how many rows. */
export function tellNotes({ path, leftAside, mended }: ReadNotes, context: Pick<RunContext, 'note'>): void {
  for (const { message, count, rows } of mended) {
    context.note(
      `${path}: ${count === 1 ? `1 row (${rows[0]})` : `${count} rows (${firstOf(rows, count)})`}: ${message}`,
    );
  }
  if (leftAside.length > 0) context.note(`${path}: not used: ${listed(leftAside)}.`);
}

const SHOWN = 5;
const NAMED = 20;

function firstOf(rows: readonly number[], count: number): string {
  return `${rows.slice(0, SHOWN).join(', ')}${count > SHOWN ? ', …' : ''}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map((name) => `"${name}"`);
  return `${shown.join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;
}
