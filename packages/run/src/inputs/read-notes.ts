import type { Mend, ReadNotes } from '@dpo/data';
import type { RunContext } from '../context.js';

/** The notes that readers of files made. */
export interface CollectedNotes {
  readonly onNotes: (notes: ReadNotes) => void;
  readonly all: readonly ReadNotes[];
}

/** Collects the notes of one or several files. */
export function collectNotes(): CollectedNotes {
  const all: ReadNotes[] = [];
  return { all, onNotes: (notes) => void all.push(notes) };
}

/** The notes of several files as the notes of one dataset. Rows are numbered as in their files. */
export function mergeNotes(path: string, all: readonly ReadNotes[]): ReadNotes {
  const byCode = new Map<string, Mend>();
  for (const mend of all.flatMap(({ mended }) => mended)) {
    const earlier = byCode.get(mend.code);
    const rows = [...(earlier?.rows ?? []), ...mend.rows].slice(0, MOST_NAMES);
    byCode.set(mend.code, { ...mend, rows, count: (earlier?.count ?? 0) + mend.count });
  }
  const leftAside = [...new Set(all.flatMap((notes) => notes.leftAside))].sort();
  return { path, leftAside, mended: [...byCode.values()] };
}

/** Notes which columns of a file are not used, and what was put right in how many rows. */
export function tellNotes({ path, leftAside, mended }: ReadNotes, context: Pick<RunContext, 'note'>): void {
  for (const { message, count, rows } of mended) {
    context.note(
      `${path}: ${count === 1 ? `1 row (${rows[0]})` : `${count} rows (${firstOf(rows, count)})`}: ${message}`,
    );
  }
  if (leftAside.length > 0) context.note(`${path}: not used: ${listOf(leftAside)}.`);
}

const MOST_ROWS = 5;
const MOST_NAMES = 20;

function firstOf(rows: readonly number[], count: number): string {
  return `${rows.slice(0, MOST_ROWS).join(', ')}${count > MOST_ROWS ? ', …' : ''}`;
}

function listOf(names: readonly string[]): string {
  const quoted = names.slice(0, MOST_NAMES).map((name) => `"${name}"`);
  return `${quoted.join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`;
}
