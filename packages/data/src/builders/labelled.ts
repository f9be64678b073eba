import type { Text } from '@dpo/base';
import { readBytes } from '../files/text/compression.js';
import { readJsonl } from '../files/text/read-jsonl.js';
import { labelledFormat } from '../rows/row-format.js';
import type { PreferencePair, PromptRow } from '../rows/types.js';
import type { PublishedFiles } from './published.js';

/**
 * Pairs from judged answers, the data of KTO (`prompt`, `completion`, `label` true for a desirable answer): every desirable
 * answer to a prompt with every undesirable answer to the same prompt. A prompt with answers of one kind only gives no pair.
 * The pairs claim more than the labels say, so only this function makes them. All answers are held in memory.
 *
 * @throws DpoError with file and line: `data.missing-column`, `data.wrong-type`, and the errors of reading JSONL
 */
export async function* buildLabelled(files: PublishedFiles): AsyncGenerator<PreferencePair> {
  const prompts = new Map<string, PromptRow & { readonly desirable: Text[]; readonly undesirable: Text[] }>();
  for (const path of typeof files === 'string' ? [files] : files) {
    let row = 0;
    for await (const records of readJsonl(readBytes(path), path)) {
      for (const { record, line, error } of records) {
        if (error !== undefined) throw error;
        const answer = labelledFormat.parse(record, { path, line, row: row++ });
        const { prompt, completion, label, tools, templateVariables } = answer;
        const promptRow = {
          prompt,
          ...(tools === undefined ? {} : { tools }),
          ...(templateVariables === undefined ? {} : { templateVariables }),
        };
        const key = JSON.stringify(promptRow);
        const group = prompts.get(key) ?? { ...promptRow, desirable: [], undesirable: [] };
        prompts.set(key, group);
        group[label ? 'desirable' : 'undesirable'].push(completion);
      }
    }
  }
  for (const { desirable, undesirable, ...promptRow } of prompts.values()) {
    for (const chosen of desirable) for (const rejected of undesirable) yield { ...promptRow, chosen, rejected };
  }
}
