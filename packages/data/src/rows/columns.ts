import type { Json, Text } from '@dpo/base';

/**
 * The kind of a column's values: a text or a conversation, a list of these, a plain string, a number, a list of numbers, true
 * or false, a list of tools, or an object of template variables. Tools and variables are stored as JSON.
 */
type ColumnKind = 'text' | 'texts' | 'string' | 'number' | 'numbers' | 'boolean' | 'tools' | 'variables';

/** One column of a dataset file, and the property of the row object that it becomes. */
export interface Column<Name extends string = string> {
  readonly name: Name;
  readonly key: string;
  readonly kind: ColumnKind;
  readonly required: boolean;
}

function column<
  const Name extends string,
  const Key extends string,
  const Kind extends ColumnKind,
  const Required extends boolean = false,
>(name: Name, key: Key, kind: Kind, required: Required = false as Required) {
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
  column('tools', 'tools', 'tools'),
  column('chat_template_kwargs', 'templateVariables', 'variables'),
] as const;

/** The columns of a table of ranked lists, in the order they are written. */
export const rankedColumns = [
  column('prompt', 'prompt', 'text', true),
  column('responses', 'responses', 'texts', true),
  column('scores', 'scores', 'numbers', true),
  column('id', 'id', 'string'),
  column('source', 'source', 'string'),
  column('weight', 'weight', 'number'),
  column('tools', 'tools', 'tools'),
  column('chat_template_kwargs', 'templateVariables', 'variables'),
] as const;

/** The columns of a table of answers that were judged one by one, in the order they are written. */
export const labelledColumns = [
  column('prompt', 'prompt', 'text', true),
  column('completion', 'completion', 'text', true),
  column('label', 'label', 'boolean', true),
  column('id', 'id', 'string'),
  column('source', 'source', 'string'),
  column('weight', 'weight', 'number'),
  column('tools', 'tools', 'tools'),
  column('chat_template_kwargs', 'templateVariables', 'variables'),
] as const;

/** A column of a preference table. */
export type ColumnName = (typeof preferenceColumns)[number]['name'];

/** A column of a table of ranked lists. */
export type RankedColumnName = (typeof rankedColumns)[number]['name'];

/** A column of a table of judged answers. */
export type LabelledColumnName = (typeof labelledColumns)[number]['name'];

interface Values {
  readonly text: Text;
  readonly texts: readonly Text[];
  readonly string: string;
  readonly number: number;
  readonly numbers: readonly number[];
  readonly boolean: boolean;
  readonly tools: readonly Json[];
  readonly variables: Readonly<Record<string, Json>>;
}

type RequiredOf<C extends Column> = Extract<C, { readonly required: true }>;
type OptionalOf<C extends Column> = Exclude<C, RequiredOf<C>>;

/** The row object of a table with these columns. The interfaces of `types.ts` are the same types, with docs on each property. */
export type RowOf<Columns extends readonly Column[]> = {
  readonly [C in RequiredOf<Columns[number]> as C['key']]: Values[C['kind']];
} & {
  readonly [C in OptionalOf<Columns[number]> as C['key']]?: Values[C['kind']];
};

/** The file's column for a column of ours: `{ chosen: 'preferred' }`. Columns that are not mapped have the same name in the file. */
export type ColumnMapping = Readonly<Partial<Record<string, string>>>;
