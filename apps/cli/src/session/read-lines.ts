import { readFile } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError } from '@dpo/base/files';
import type { Text } from '@dpo/data';

/** The JSON values of a JSONL file, blank lines left out. A line that is no JSON is an error that names it. */
export async function readJsonLines(path: string): Promise<{ readonly line: number; readonly value: unknown }[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw asFileError(error, path);
  });
  return text.split('\n').flatMap((content, i) => {
    if (content.trim() === '') return [];
    try {
      return [{ line: i + 1, value: JSON.parse(content) as unknown }];
    } catch (cause) {
      throw new DpoError('data.broken-row', `${path}, line ${i + 1} is not valid JSON: ${(cause as Error).message}.`, {
        values: { path, line: i + 1 },
        cause,
      });
    }
  });
}

/** The prompts of a JSONL file: each line a string, or an object whose `prompt` is a string or a list of messages. */
export async function readPrompts(path: string): Promise<Text[]> {
  const prompts = (await readJsonLines(path)).map(({ line, value }) => {
    const prompt = typeof value === 'object' && value !== null && 'prompt' in value ? value.prompt : value;
    if (typeof prompt === 'string' || Array.isArray(prompt)) return prompt as Text;
    throw new DpoError('data.broken-row', `${path}, line ${line} has no prompt.`, {
      values: { path, line },
      hint: 'Write one JSON object to a line: {"prompt": "…"}.',
    });
  });
  if (prompts.length === 0) throw new DpoError('data.empty-dataset', `${path} has no prompts.`, { values: { path } });
  return prompts;
}
