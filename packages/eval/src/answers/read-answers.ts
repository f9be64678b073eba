import { DpoError, isObject } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { parsePrompt, type Text } from '@dpo/data';
import type { Answer } from './answer.js';

/** What programs call the prompt and the answer. Of several keys in a line the first of these counts. */
const PROMPT_KEYS = ['prompt', 'instruction'];
const ANSWER_KEYS = ['text', 'answer', 'output', 'completion', 'response'];

/**
 * Reads a JSONL file of answers that any program wrote. Each line is an object with the prompt (`prompt` or `instruction`: a text
 * or messages) and the answer (`text`, `answer`, `output`, `completion` or `response`: a text, or messages, of which the
 * contents count). `prompt_id` or `id`, and `temperature`, may stand beside them. `dpo generate --out` writes such a file.
 *
 * @throws DpoError `eval.no-answers` for a file without an answer; `eval.bad-answer` for a line that is not JSON or lacks a key,
 *   and the errors of `parsePrompt`, each naming file and line; file errors
 */
export async function readAnswers(path: string): Promise<Answer[]> {
  const content = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const lines = content.replace(/^\uFEFF/, '').split('\n');
  const answers = lines.flatMap((line, i) => (line.trim() === '' ? [] : [readLine(line, i + 1, path)]));
  if (answers.length === 0)
    throw new DpoError('eval.no-answers', `${path} has no answers.`, {
      values: { path },
      hint: 'A file of answers has a JSON object to a line: {"prompt": "…", "answer": "…"}.',
    });
  return answers;
}

function readLine(line: string, number: number, path: string): Answer {
  const bad = (what: string, key?: string) =>
    new DpoError('eval.bad-answer', `${path}, line ${number}: ${what}.`, {
      values: { path, line: number, ...(key === undefined ? {} : { key }) },
      hint: 'Write a JSON object to a line: {"prompt": "…", "answer": "…"}.',
    });
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    throw bad('not valid JSON');
  }
  if (!isObject(row)) throw bad('not a JSON object');
  const firstOf = (keys: readonly string[]) => keys.find((key) => row[key] !== undefined && row[key] !== null);
  const promptKey = firstOf(PROMPT_KEYS);
  if (promptKey === undefined) throw bad(`the prompt is missing (${PROMPT_KEYS.join(' or ')})`, PROMPT_KEYS[0]);
  const answerKey = firstOf(ANSWER_KEYS);
  if (answerKey === undefined) throw bad(`the answer is missing (${ANSWER_KEYS.join(', ')})`, 'answer');
  const text = wordsOf(row[answerKey]);
  if (text === undefined) throw bad(`${answerKey} should be a text`, answerKey);
  const temperature = typeof row.temperature === 'number' && row.temperature >= 0 ? row.temperature : undefined;
  if (row.temperature !== undefined && row.temperature !== null && temperature === undefined)
    throw bad('temperature should be a number of at least 0', 'temperature');
  const { prompt } = parsePrompt({ prompt: row[promptKey] }, { path, line: number, row: number - 1 });
  return { prompt, text, promptId: nameOf(row.prompt_id ?? row.id), temperature };
}

function nameOf(id: unknown): string | undefined {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function wordsOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || !value.every(isObject)) return undefined;
  return answerWords(value as unknown as Text);
}

/** The words of an answer: the text, or the contents of its messages without their roles. */
export function answerWords(answer: Text): string {
  if (typeof answer === 'string') return answer;
  return answer
    .map(({ content }) => (typeof content === 'string' ? content : content === null ? '' : JSON.stringify(content)))
    .join('\n');
}
