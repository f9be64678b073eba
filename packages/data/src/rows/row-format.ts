import type { TemplateInputs, Text } from '@dpo/base';
import { arrange, cutRepeatedText } from './_arrange.js';
import { type Column, type ColumnMapping, labelledColumns, preferenceColumns, rankedColumns } from './columns.js';
import { withContext } from './context-columns.js';
import { isChat } from './conversation.js';
import { parseAnswer, parseText } from './messages.js';
import {
  checkInputs,
  type FileRecord,
  parseBoolean,
  parseJsonText,
  parseLabel,
  parseNumber,
  parseTools,
  parseVariables,
  required,
  wrongType,
} from './parse-values.js';
import { kindOf, type Place, rowError } from './place.js';
import { restoredRow } from './restored-row.js';
import type { LabelledAnswer, PreferencePair, RankedList } from './types.js';

/** One kind of row: its columns, how it is read from a file's record and put into one. */
export interface RowFormat<Row> {
  readonly name: 'preference' | 'ranked' | 'labelled';
  readonly columns: readonly Column[];
  /** Checks and normalises a record, whose keys are the file's; errors name the place. */
  parse(record: unknown, place: Place, mapping?: ColumnMapping): Row;
  /** The row by our column names, absent values left out. */
  record(row: Row): FileRecord;
  /** The row of a record that {@link record} made and that was kept in Arrow columns: nothing is checked again. */
  restore(record: FileRecord): Row;
  /** True where the row's texts are conversations. */
  chat(row: Row): boolean;
}

/** Pairs: prompt, chosen, rejected. */
export const preferenceFormat: RowFormat<PreferencePair> = {
  name: 'preference',
  columns: preferenceColumns,
  parse(record, place, mapping = {}) {
    const row = asRecord(record, place);
    const key = (name: string) => mapping[name] ?? name;
    const chosenKey = key('chosen');
    const rejectedKey = key('rejected');
    const answers = [chosenKey, rejectedKey].map((name) =>
      parseAnswer(required(row, name, preferenceColumns, place), name, place),
    );
    const promptKey = key('prompt');
    const given = row[promptKey] ?? undefined;
    const prompt = given === undefined ? undefined : parseText(given, promptKey, place);
    if (prompt === undefined && !answers.every(isChat)) required(row, promptKey, preferenceColumns, place);
    const inOrder = arranged(prompt, answersTo(prompt, answers, place), [chosenKey, rejectedKey], place);
    const { prompt: asked, answers: said } = withContext(inOrder, row, place);
    const texts = { prompt: asked, chosen: said[0] as Text, rejected: said[1] as Text };
    // Nothing else is there: so it is with most rows, and millions of them are read.
    if (given !== undefined && Object.keys(row).length === 3) return texts;
    const number = (name: string) => parseNumber(row[key(name)], key(name), place);
    const chosenScore = number('chosen_score');
    const rejectedScore = number('rejected_score');
    const referenceChosenLogp = number('reference_chosen_logp');
    const referenceRejectedLogp = number('reference_rejected_logp');
    const margin = number('margin');
    return {
      ...texts,
      ...extras(row, texts.prompt, key, place),
      ...(chosenScore === undefined ? {} : { chosenScore }),
      ...(rejectedScore === undefined ? {} : { rejectedScore }),
      ...(referenceChosenLogp === undefined ? {} : { referenceChosenLogp }),
      ...(referenceRejectedLogp === undefined ? {} : { referenceRejectedLogp }),
      ...(margin === undefined ? {} : { margin }),
    };
  },
  record: (row) => recordOf(preferenceColumns, row),
  restore: (record) => restoredRow(preferenceColumns, record) as PreferencePair,
  chat: (row) => isChat(row.prompt),
};

/** Ranked lists: prompt, responses, scores. */
export const rankedFormat: RowFormat<RankedList> = {
  name: 'ranked',
  columns: rankedColumns,
  parse(record, place, mapping = {}) {
    const row = asRecord(record, place);
    const key = (name: string) => mapping[name] ?? name;
    const [promptKey, responsesKey, scoresKey] = [key('prompt'), key('responses'), key('scores')];
    const prompt = parseText(required(row, promptKey, rankedColumns, place), promptKey, place);
    const given = asList(required(row, responsesKey, rankedColumns, place), responsesKey, place).map((value, i) =>
      parseAnswer(value, `${responsesKey}[${i}]`, place),
    );
    const scores = asList(required(row, scoresKey, rankedColumns, place), scoresKey, place).map((value, i) => {
      const score = parseNumber(value, `${scoresKey}[${i}]`, place);
      if (score === undefined) throw wrongType(value, `${scoresKey}[${i}]`, 'a finite number', place);
      return score;
    });
    const responses = answersTo(prompt, given, place);
    if (responses.length < 2 || responses.length !== scores.length) {
      throw rowError(
        'data.broken-row',
        place,
        `a ranked list needs two responses or more and a score for each, not ${responses.length} responses and ${scores.length} scores.`,
        { responses: responses.length, scores: scores.length },
      );
    }
    const keys = responses.map((_, i) => `${responsesKey}[${i}]`);
    if (isChat(prompt) !== isChat(responses[0] as Text)) throw mixed(place);
    const texts = withContext(arranged(prompt, responses, keys, place), row, place);
    return { prompt: texts.prompt, responses: texts.answers, scores, ...extras(row, texts.prompt, key, place) };
  },
  record: (row) => recordOf(rankedColumns, row),
  restore: (record) => restoredRow(rankedColumns, record) as RankedList,
  chat: (row) => isChat(row.prompt),
};

/** Judged answers: prompt, completion, label. */
export const labelledFormat: RowFormat<LabelledAnswer> = {
  name: 'labelled',
  columns: labelledColumns,
  parse(record, place, mapping = {}) {
    const row = asRecord(record, place);
    const key = (name: string) => mapping[name] ?? name;
    const [promptKey, completionKey, labelKey] = [key('prompt'), key('completion'), key('label')];
    if (row[completionKey] === undefined && row.chosen !== undefined && row.rejected !== undefined) {
      throw rowError(
        'data.unknown-shape',
        place,
        'the row is a pair (prompt, chosen, rejected), not an answer that was judged on its own.',
        { keys: Object.keys(row) },
        'Two such answers are made of a pair on request: dpo data convert --answers, or labelPairs.',
      );
    }
    const prompt = parseText(required(row, promptKey, labelledColumns, place), promptKey, place);
    const completion = parseAnswer(required(row, completionKey, labelledColumns, place), completionKey, place);
    const [whole = completion] = answersTo(prompt, [completion], place);
    const label = parseBoolean(required(row, labelKey, labelledColumns, place), labelKey, place);
    if (isChat(prompt) !== isChat(whole)) throw mixed(place);
    const inOrder = isChat(whole) ? arranged(prompt, [whole], [completionKey], place) : { prompt, answers: [whole] };
    const texts = withContext(inOrder, row, place);
    return {
      prompt: texts.prompt,
      completion: texts.answers[0] as Text,
      label,
      ...extras(row, texts.prompt, key, place),
    };
  },
  record: (row) => recordOf(labelledColumns, row),
  restore: (record) => restoredRow(labelledColumns, record) as LabelledAnswer,
  chat: (row) => isChat(row.prompt),
};

/** What rows of every format may have besides. */
function extras(
  row: FileRecord,
  prompt: Text,
  key: (name: string) => string,
  place: Place,
): { readonly id?: string; readonly source?: string; readonly weight?: number } & TemplateInputs {
  const id = parseLabel(row[key('id')], key('id'), place);
  const source = parseLabel(row[key('source')], key('source'), place);
  const weight = parseNumber(row[key('weight')], key('weight'), place);
  const tools = parseTools(row[key('tools')], key('tools'), place);
  const variables = parseVariables(row[key('chat_template_kwargs')], key('chat_template_kwargs'), place);
  const inputs = {
    ...(tools === undefined ? {} : { tools }),
    ...(variables === undefined ? {} : { templateVariables: variables }),
  };
  checkInputs(prompt, inputs, place);
  return {
    ...(id === undefined ? {} : { id }),
    ...(source === undefined ? {} : { source }),
    ...(weight === undefined ? {} : { weight }),
    ...inputs,
  };
}

/** @throws DpoError `data.mixed-rows` unless the row's texts are of the dataset's kind */
export function checkKind<Row>(format: RowFormat<Row>, row: Row, chat: boolean, place: Place): void {
  if (format.chat(row) === chat) return;
  const [here, before] = chat ? ['plain text', 'conversations'] : ['conversations', 'plain text'];
  throw rowError(
    'data.mixed-rows',
    place,
    `this row holds ${here}, the rows before it ${before}.`,
    { expected: before, received: here },
    'Keep plain texts and conversations in separate files.',
  );
}

/** Plain answers to a conversation are turns of the assistant: they have no other meaning. */
function answersTo(prompt: Text | undefined, answers: readonly Text[], place: Place): readonly Text[] {
  if (prompt === undefined || !isChat(prompt) || answers.every(isChat)) return answers;
  place.notes?.mend('answers-as-turns', place.row);
  return answers.map((text) => (isChat(text) ? text : [{ role: 'assistant', content: text }]));
}

/** Puts the prompt and answers of a row in order, texts and conversations alike. */
function arranged(
  prompt: Text | undefined,
  texts: readonly Text[],
  keys: readonly string[],
  place: Place,
): { readonly prompt: Text; readonly answers: readonly Text[] } {
  const answers = texts.filter(isChat);
  if (answers.length === texts.length) return arrange(prompt, { keys, answers }, place);
  const plain = texts.flatMap((text) => (typeof text === 'string' ? [text] : []));
  if (plain.length < texts.length || prompt === undefined || isChat(prompt)) throw mixed(place);
  return { prompt, answers: cutRepeatedText(prompt, plain, place) };
}

function mixed(place: Place) {
  return rowError(
    'data.mixed-row',
    place,
    'the prompt is plain text, and one of its answers plain text, another a conversation.',
    {},
    'Write all answers as plain text, or all as [{"role": "assistant", "content": …}].',
  );
}

function asRecord(record: unknown, place: Place): FileRecord {
  if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record as FileRecord;
  throw rowError('data.broken-row', place, `a row must be an object, not ${kindOf(record)}.`, {
    received: kindOf(record),
  });
}

/** A list; a file that knows none has its JSON text. */
function asList(value: unknown, key: string, place: Place): readonly unknown[] {
  const list = typeof value === 'string' ? parseJsonText(value, key, 'a list', place) : value;
  if (!Array.isArray(list)) throw wrongType(value, key, 'a list', place);
  return list;
}

function recordOf(columns: readonly Column[], row: object): FileRecord {
  const record: Record<string, unknown> = {};
  for (const { name, key } of columns) {
    const value: unknown = Reflect.get(row, key);
    if (value !== undefined) record[name] = value;
  }
  return record;
}
