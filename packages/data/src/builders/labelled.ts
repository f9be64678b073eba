import { parseText } from '../_messages.js';
import { required, wrongType } from '../_parse-values.js';
import { readJsonl } from '../jsonl.js';
import type { PreferencePair, Text } from '../types.js';
import { asObject, type PublishedFiles } from './_published.js';

/**
 * Pairs from singly labelled answers, as KTO takes them (`prompt`, `completion`, `label` true where it is desirable):
 * every desirable answer of a prompt with every undesirable one of the same prompt. Prompts with only one kind give
 * none. Such pairs claim more than the labels say, so this is done on request only. All answers are held in memory.
 *
 * Errors name file and line: `data.missing-column`, `data.wrong-type`, and those of reading JSONL.
 */
export async function* buildLabelled(files: PublishedFiles): AsyncGenerator<PreferencePair> {
  const prompts = new Map<string, { prompt: Text; desirable: Text[]; undesirable: Text[] }>();
  for (const path of typeof files === 'string' ? [files] : files) {
    let row = 0;
    for await (const records of readJsonl(path)) {
      for (const { record, line, error } of records) {
        if (error !== undefined) throw error;
        const place = { path, line, row: row++ };
        const object = asObject(record, place);
        const prompt = parseText(required(object, 'prompt', [], place), 'prompt', place);
        const answer = parseText(required(object, 'completion', [], place), 'completion', place);
        const label = required(object, 'label', [], place);
        if (typeof label !== 'boolean') throw wrongType(label, 'label', 'true or false', place);
        const key = JSON.stringify(prompt);
        const group = prompts.get(key) ?? { prompt, desirable: [], undesirable: [] };
        prompts.set(key, group);
        group[label ? 'desirable' : 'undesirable'].push(answer);
      }
    }
  }
  for (const { prompt, desirable, undesirable } of prompts.values()) {
    for (const chosen of desirable) for (const rejected of undesirable) yield { prompt, chosen, rejected };
  }
}
