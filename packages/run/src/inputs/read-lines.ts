import { DpoError, pauses } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { type PlacedRows, type PromptRow, parsePrompt } from '@dpo/data';
import type { RunContext } from '../context.js';
import { tellNotes } from './read-notes.js';

/**
 * The JSON values of a JSONL file, blank lines left out. Signals and timers of the process get their turn meanwhile.
 *
 * @throws DpoError `data.broken-row`, naming the line, for a line that is no JSON; the codes of `asFileError`
 */
export async function readJsonLines(path: string): Promise<{ readonly line: number; readonly value: unknown }[]> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const values: { readonly line: number; readonly value: unknown }[] = [];
  const pause = pauses();
  for (const [i, content] of text.split('\n').entries()) {
    if (content.trim() === '') continue;
    try {
      values.push({ line: i + 1, value: JSON.parse(content) as unknown });
    } catch (cause) {
      throw new DpoError('data.broken-row', `${path}, line ${i + 1} is not valid JSON: ${(cause as Error).message}.`, {
        values: { path, line: i + 1 },
        cause,
      });
    }
    await pause();
  }
  return values;
}

/**
 * The prompts of a JSONL file: each line is a string, or an object whose `prompt` is a string or a list of messages. `tools` and
 * `chat_template_kwargs` go to the chat template. Other keys are named in one note. The prompts know their lines, so that errors
 * of encoding can name the line.
 *
 * @throws DpoError `data.empty-dataset`, `data.broken-row`; the codes of `asFileError`
 */
export async function readPrompts(path: string, context: Pick<RunContext, 'note'>): Promise<PromptRow[] & PlacedRows> {
  const unusedKeys = new Set<string>();
  const lines = await readJsonLines(path);
  const prompts: PromptRow[] = [];
  const pause = pauses();
  for (const [row, { line, value }] of lines.entries()) {
    prompts.push(parsePrompt(value, { path, line, row }, (key) => void unusedKeys.add(key)));
    await pause();
  }
  tellNotes({ path, leftAside: [...unusedKeys].sort(), mended: [] }, context);
  if (prompts.length === 0) throw new DpoError('data.empty-dataset', `${path} has no prompts.`, { values: { path } });
  return Object.assign(prompts, { placeOf: (row: number) => ({ path, row, line: lines[row]?.line }) });
}
