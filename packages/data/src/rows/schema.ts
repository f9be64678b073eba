import { DpoError, nearest } from '@dpo/base';
import { DataType, type Field, Schema } from 'apache-arrow';
import { arrowField, isJsonField, type MessageLayout } from './arrow-columns.js';
import type { Column, ColumnMapping } from './columns.js';
import type { RowFormat } from './row-format.js';

/** Version of the tables' layout, kept under `dpo.schema` in the Arrow schema's metadata. */
const SCHEMA_VERSION = 1;

/** The Arrow schema of a table with these columns. Texts are lists of messages when a layout of messages is passed. */
export function arrowSchema<Row>(
  format: RowFormat<Row>,
  names: ReadonlySet<string>,
  messages: MessageLayout | undefined,
): Schema {
  const fields = format.columns.filter(({ name }) => names.has(name)).map((column) => arrowField(column, messages));
  const metadata = { 'dpo.schema': String(SCHEMA_VERSION), 'dpo.table': format.name };
  return new Schema(fields, new Map(Object.entries(metadata)));
}

/**
 * Checks that a file's schema can be read as this format.
 * @throws DpoError `data.missing-column` with the nearest column, `data.wrong-type`, `data.newer-schema`
 */
export function checkSchema<Row>(format: RowFormat<Row>, schema: Schema, mapping: ColumnMapping, path: string): void {
  const version = Number(schema.metadata.get('dpo.schema') ?? SCHEMA_VERSION);
  if (version > SCHEMA_VERSION) {
    throw new DpoError(
      'data.newer-schema',
      `${path} has schema version ${version}; this version reads up to ${SCHEMA_VERSION}.`,
      {
        values: { path, version, known: SCHEMA_VERSION },
        hint: 'Update the toolkit.',
      },
    );
  }
  const types = new Map(schema.fields.map((field): [string, DataType] => [field.name, field.type]));
  for (const column of format.columns) {
    const name = mapping[column.name] ?? column.name;
    const type = types.get(name);
    if (type === undefined) {
      if (column.required && !isPromptOptional(column, types, mapping)) throw missingColumn(format, name, types, path);
      continue;
    }
    if (!fits(column, type)) {
      throw new DpoError(
        'data.wrong-type',
        `${path}: column "${name}" must hold ${EXPECTED[column.kind]}, not ${type}.`,
        {
          values: { path, key: name, expected: EXPECTED[column.kind], received: String(type) },
          hint: 'Convert the column, or map another one by name.',
        },
      );
    }
  }
}

const EXPECTED: Record<Column['kind'], string> = {
  text: 'text or lists of {role, content}',
  texts: 'lists of texts or of conversations',
  string: 'labels',
  number: 'numbers',
  numbers: 'lists of numbers',
  boolean: 'true or false',
  tools: 'lists of tools, or their JSON text',
  variables: 'objects, or their JSON text',
};

/** True for the prompt column of whole conversations, which may be missing: the prompt is their shared beginning. */
function isPromptOptional(column: Column, types: ReadonlyMap<string, DataType>, mapping: ColumnMapping): boolean {
  return column.name === 'prompt' && isPromptWithin(types, mapping);
}

/** True when the columns of answers hold conversations, which may begin with the prompt. */
export function isPromptWithin(types: ReadonlyMap<string, DataType>, mapping: ColumnMapping): boolean {
  const answers = ['chosen', 'rejected'].map((name) => types.get(mapping[name] ?? name));
  return answers.every((type) => type !== undefined && isConversation(type));
}

function missingColumn<Row>(
  format: RowFormat<Row>,
  name: string,
  types: ReadonlyMap<string, DataType>,
  path: string,
): DpoError {
  const columns = [...types.keys()];
  const formatColumns = new Set(format.columns.map((column) => column.name));
  const near = nearest(
    name,
    columns.filter((other) => !formatColumns.has(other)),
  );
  return new DpoError('data.missing-column', `${path}: the column "${name}" is missing.`, {
    values: { path, key: name, keys: columns, nearest: near },
    hint:
      near === undefined
        ? `The file has ${columns.map((column) => `"${column}"`).join(', ') || 'no columns'}; columns can be mapped by name.`
        : `Did you mean "${near}"? Map the column "${name}" to it.`,
  });
}

function fits(column: Column, type: DataType): boolean {
  switch (column.kind) {
    case 'text':
      return isText(type) || isConversation(type) || isMessage(type);
    case 'texts':
      return isListOf(type, (item) => isText(item) || isConversation(item));
    case 'string':
      return true;
    case 'number':
      return isNumber(type) || DataType.isNull(type);
    case 'numbers':
      return isListOf(type, isNumber);
    case 'boolean':
      return DataType.isBool(type) || DataType.isInt(type);
    case 'tools':
      return isText(type) || DataType.isNull(type) || isListOf(type, (item) => isText(item) || DataType.isStruct(item));
    case 'variables':
      return isText(type) || DataType.isNull(type) || DataType.isStruct(type);
  }
}

function isText(type: DataType): boolean {
  if (DataType.isDictionary(type)) return isText(type.dictionary);
  return DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type);
}

function isNumber(type: DataType): boolean {
  return DataType.isFloat(type) || DataType.isInt(type);
}

function isListOf(type: DataType, item: (type: DataType, field: Field) => boolean): boolean {
  if (!DataType.isList(type) && !DataType.isLargeList(type)) return false;
  const child = type.children[0] as Field | undefined;
  return child !== undefined && item(child.type, child);
}

/** True for lists of messages, and for lists of JSON objects, which are checked when a row is parsed. */
function isConversation(type: DataType): boolean {
  return isListOf(type, (item, field) => isMessage(item) || isJsonField(field));
}

/** True for objects with `role` and `content`, or with `from` and `value`, whatever other keys they have. */
function isMessage(type: DataType): boolean {
  if (!DataType.isStruct(type)) return false;
  const names = new Set((type.children as readonly Field[]).map(({ name }) => name));
  return (names.has('role') && names.has('content')) || (names.has('from') && names.has('value'));
}
