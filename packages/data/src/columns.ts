/** What a column holds: a text or conversation, a list of these, plain strings, numbers, lists of numbers, true or false. */
type ColumnKind = 'text' | 'texts' | 'string' | 'number' | 'numbers' | 'boolean';

/** One column of a dataset file, and the property of the row object that it becomes. */
export interface Column<Name extends string = string> {
  readonly name: Name;
  readonly key: string;
  readonly kind: ColumnKind;
  readonly required: boolean;
}

function column<const Name extends string>(name: Name, key: string, kind: ColumnKind, required = false): Column<Name> {
  return { name, key, kind, required };
}

/** The columns of a preference table, in the order they are written. */
export const preferenceColumns = [
  column('prompt', 'prompt', 'text', true),
  column('chosen', 'chosen', 'text', true),
  column('rejected', 'rejected', 'text', true),
  column('id', 'id', 'string'),
  column('source', 'source', 'string'),
  column('chosen_score', 'chosenScore', 'number'),
  column('rejected_score', 'rejectedScore', 'number'),
  column('reference_chosen_logp', 'referenceChosenLogp', 'number'),
  column('reference_rejected_logp', 'referenceRejectedLogp', 'number'),
  column('margin', 'margin', 'number'),
  column('weight', 'weight', 'number'),
] as const;

/** The columns of a table of ranked lists, in the order they are written. */
export const rankedColumns = [
  column('prompt', 'prompt', 'text', true),
  column('responses', 'responses', 'texts', true),
  column('scores', 'scores', 'numbers', true),
  column('id', 'id', 'string'),
  column('source', 'source', 'string'),
  column('weight', 'weight', 'number'),
] as const;

/** The columns of a table of answers that were judged one by one, in the order they are written. */
export const labelledColumns = [
  column('prompt', 'prompt', 'text', true),
  column('completion', 'completion', 'text', true),
  column('label', 'label', 'boolean', true),
  column('id', 'id', 'string'),
  column('source', 'source', 'string'),
  column('weight', 'weight', 'number'),
] as const;

/** A column of a preference table. */
export type ColumnName = (typeof preferenceColumns)[number]['name'];

/** A column of a table of ranked lists. */
export type RankedColumnName = (typeof rankedColumns)[number]['name'];

/** A column of a table of judged answers. */
export type LabelledColumnName = (typeof labelledColumns)[number]['name'];

/** Which column of a file to read as which of ours: `{ chosen: 'preferred' }`. Ours not named keep their names. */
export type ColumnMapping = Readonly<Partial<Record<string, string>>>;
