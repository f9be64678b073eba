import { parseAnswer } from '../rows/messages.js';
import { required, wrongType } from '../rows/parse-values.js';
import { rowError } from '../rows/place.js';
import type { PreferencePair } from '../rows/types.js';
import { asObject, type BuildOptions, choiceOf, type PublishedFiles, publishedPairs, textOf } from './published.js';

/** Selects comparisons of summaries. */
export interface TldrOptions extends BuildOptions {
  /** `train`, or `valid` for every split whose name begins so (`valid1`, `valid2`). Default all rows. */
  readonly split?: 'train' | 'valid' | undefined;
}

/**
 * Pairs from the TL;DR comparisons of Stiennon et al. (2020) as published: `info` with `post`, `title`, `subreddit`;
 * two `summaries` with `text` and `policy`; `choice`; `split`. The prompt is
 * `SUBREDDIT: r/…\nTITLE: …\nPOST: …\nTL;DR:`; answers begin with a space. The source names the two policies,
 * `CHOSEN over REJECTED`; the id is the post's.
 *
 * The iteration throws a DpoError with file and line: `data.missing-column`, `data.wrong-type`, `data.broken-row` (not two
 * summaries), `data.empty-answer`, and the errors of reading JSONL.
 */
export function buildTldr(files: PublishedFiles, options: TldrOptions = {}): AsyncIterable<PreferencePair> {
  return publishedPairs(files, options, ({ record, place }) => {
    if (options.split !== undefined && !textOf(record, 'split', place).startsWith(options.split)) return undefined;
    const info = asObject(required(record, 'info', [], place), place, 'info');
    const [post, title] = [textOf(info, 'post', place), textOf(info, 'title', place)];
    const subreddit = textOf(info, 'subreddit', place);
    const summaries = required(record, 'summaries', [], place);
    if (!Array.isArray(summaries)) throw wrongType(summaries, 'summaries', 'a list', place);
    if (summaries.length !== 2) {
      throw rowError('data.broken-row', place, `"summaries" must be two, not ${summaries.length}.`, {
        summaries: summaries.length,
      });
    }
    const choice = choiceOf(record, 'choice', [0, 1], place);
    const [first, second] = summaries.map((value: unknown, i) => {
      const summary = asObject(value, place, `summaries[${i}]`);
      const text = textOf(summary, 'text', place);
      parseAnswer(text.trim(), `summaries[${i}].text`, place);
      return { text: /^\s/.test(text) ? text : ` ${text}`, policy: textOf(summary, 'policy', place) };
    }) as [Summary, Summary];
    const [chosen, rejected] = choice === 0 ? [first, second] : [second, first];
    return {
      prompt: `SUBREDDIT: r/${subreddit}\nTITLE: ${title}\nPOST: ${post}\nTL;DR:`,
      chosen: chosen.text,
      rejected: rejected.text,
      ...(typeof info.id === 'string' ? { id: info.id } : {}),
      source: `${chosen.policy} over ${rejected.policy}`,
    };
  });
}

interface Summary {
  readonly text: string;
  readonly policy: string;
}
