import type { Text } from '@dpo/base';
import { readJsonl } from '../files/text/jsonl.js';
import { labelledFormat } from '../rows/row-format.js';
import type { PreferencePair, PromptRow } from '../rows/types.js';
import type { PublishedFiles } from './published.js';

/**
 * Pairs from singly labelled answers, as KTO takes them (`prompt`, `completion`, `label` true where it is desirable):
 * every desirable answer of a prompt with every undesirable one of the same prompt. Prompts with only one kind give
 * none. Such pairs claim more than the labels say, so this is done on request only. All answers are held in memory.
 *
 * Errors name file and line: `data.missing-column`, `data.wrong-type`, and those of reading JSONL.
 */
export async function* buildLabelled(files: PublishedFiles): AsyncGenerator<PreferencePair> {
  const prompts = new Map<string, PromptRow & { readonly desirable: Text[]; readonly undesirable: Text[] }>();
  for (const path of typeof files === 'string' ? [files] : files) {
    let row = 0;
    for await (const records of readJsonl(path)) {
      for (const { record, line, error } of records) {
        if (error !== undefined) throw error;
        const answer = labelledFormat.parse(record, { path, line, row: row++ });
        const { prompt, completion, label, tools, templateVariables } = answer;
        const asked = {
          prompt,
          ...(tools === undefined ? {} : { tools }),
          ...(templateVariables === undefined ? {} : { templateVariables }),
        };
        const key = JSON.stringify(asked);
        const group = prompts.get(key) ?? { ...asked, desirable: [], undesirable: [] };
        prompts.set(key, group);
        group[label ? 'desirable' : 'undesirable'].push(completion);
      }
    }
  }
  for (const { desirable, undesirable, ...asked } of prompts.values()) {
    for (const chosen of desirable) for (const rejected of undesirable) yield { ...asked, chosen, rejected };
  }
}
