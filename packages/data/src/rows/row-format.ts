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

/** One kind of row: its columns, and the functions from a file's record to a row and back. */
export interface RowFormat<Row> {
  readonly name: 'preference' | 'ranked' | 'labelled';
  readonly columns: readonly Column[];
  /** Checks and normalises a record under the file's names. @throws DpoError with the place */
  parse(record: unknown, place: Place, mapping?: ColumnMapping): Row;
  /** The row's values by our column names, without absent values. */
  record(row: Row): FileRecord;
  /** The row of a record that {@link record} made and Arrow columns stored. Nothing is checked again. */
  restore(record: FileRecord): Row;
  /** True when the row's texts are conversations. */
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
    const promptValue = row[promptKey] ?? undefined;
    const prompt = promptValue === undefined ? undefined : parseText(promptValue, promptKey, place);
    if (prompt === undefined && !answers.every(isChat)) required(row, promptKey, preferenceColumns, place);
    const inOrder = arrangeTexts(prompt, answersTo(prompt, answers, place), [chosenKey, rejectedKey], place);
    const whole = withContext(inOrder, row, place);
    const texts = { prompt: whole.prompt, chosen: whole.answers[0] as Text, rejected: whole.answers[1] as Text };
    // Most of the millions of rows have no other column.
    if (promptValue !== undefined && Object.keys(row).length === 3) return texts;
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
    const answers = asList(required(row, responsesKey, rankedColumns, place), responsesKey, place).map((value, i) =>
      parseAnswer(value, `${responsesKey}[${i}]`, place),
    );
    const scores = asList(required(row, scoresKey, rankedColumns, place), scoresKey, place).map((value, i) => {
      const score = parseNumber(value, `${scoresKey}[${i}]`, place);
      if (score === undefined) throw wrongType(value, `${scoresKey}[${i}]`, 'a finite number', place);
      return score;
    });
    const responses = answersTo(prompt, answers, place);
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
    const texts = withContext(arrangeTexts(prompt, responses, keys, place), row, place);
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
        'dpo data convert --answers, or labelPairs, makes two judged answers of each pair.',
      );
    }
    const prompt = parseText(required(row, promptKey, labelledColumns, place), promptKey, place);
    const completion = parseAnswer(required(row, completionKey, labelledColumns, place), completionKey, place);
    const [whole = completion] = answersTo(prompt, [completion], place);
    const label = parseBoolean(required(row, labelKey, labelledColumns, place), labelKey, place);
    if (isChat(prompt) !== isChat(whole)) throw mixed(place);
    const inOrder = isChat(whole)
      ? arrangeTexts(prompt, [whole], [completionKey], place)
      : { prompt, answers: [whole] };
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

/** The optional columns that all formats have. */
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

/** Checks that the row's texts are of the dataset's kind: conversations, or plain. @throws DpoError `data.mixed-rows` */
export function checkKind<Row>(format: RowFormat<Row>, row: Row, chat: boolean, place: Place): void {
  if (format.chat(row) === chat) return;
  const [own, earlier] = chat ? ['plain text', 'conversations'] : ['conversations', 'plain text'];
  throw rowError(
    'data.mixed-rows',
    place,
    `this row holds ${own}, the rows before it ${earlier}.`,
    { expected: earlier, received: own },
    'Keep plain texts and conversations in separate files.',
  );
}

/** The answers to a prompt. Plain answers to a conversation are turns of the assistant. */
function answersTo(prompt: Text | undefined, answers: readonly Text[], place: Place): readonly Text[] {
  if (prompt === undefined || !isChat(prompt) || answers.every(isChat)) return answers;
  place.notes?.mend('answers-as-turns', place.row);
  return answers.map((text) => (isChat(text) ? text : [{ role: 'assistant', content: text }]));
}

/** Puts the prompt and the answers of a row in order, plain texts and conversations alike. */
function arrangeTexts(
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
    'the prompt and the answers are plain text in part, and conversations in part.',
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

/** A list, or the list that a JSON text spells: CSV has no lists. */
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
