import type { Json, Text } from '@dpo/base';

/**
 * What a column holds: a text or conversation, a list of these, plain strings, numbers, lists of numbers, true or false, a
 * list of tools, or an object of template variables; the last two as JSON.
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

/** The row object that such columns become. The interfaces of `types.ts` are these types, with words to each property. */
export type RowOf<Columns extends readonly Column[]> = {
  readonly [C in RequiredOf<Columns[number]> as C['key']]: Values[C['kind']];
} & {
  readonly [C in OptionalOf<Columns[number]> as C['key']]?: Values[C['kind']];
};

/** Which column of a file to read as which of ours: `{ chosen: 'preferred' }`. Ours not named keep their names. */
export type ColumnMapping = Readonly<Partial<Record<string, string>>>;
