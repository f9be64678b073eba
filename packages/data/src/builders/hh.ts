import { parseAnswer } from '../rows/messages.js';
import { type Place, rowError } from '../rows/place.js';
import type { PreferencePair } from '../rows/types.js';
import { type BuildOptions, type PublishedFiles, publishedPairs, textOf } from './published.js';

const TURN = '\n\nAssistant:';

/**
 * Pairs from Anthropic's HH files as published (`{chosen, rejected}`, each a whole transcript of turns that begin with
 * `\n\nHuman:` and `\n\nAssistant:`). A transcript is split after its last `\n\nAssistant:`. The first part is the prompt,
 * which must be the same in both transcripts; the second part, with its leading space, is the answer. (Bai et al. 2022.)
 *
 * The iteration throws a DpoError with file and line: `data.no-assistant-turn`, `data.different-prompts`, `data.empty-answer`,
 * and the errors of reading JSONL.
 */
export function buildHh(files: PublishedFiles, options: BuildOptions = {}): AsyncIterable<PreferencePair> {
  return publishedPairs(files, options, ({ record, place }) => {
    const chosen = splitTranscript(textOf(record, 'chosen', place), 'chosen', place);
    const rejected = splitTranscript(textOf(record, 'rejected', place), 'rejected', place);
    if (chosen.prompt !== rejected.prompt) throw differentPrompts(chosen.prompt, rejected.prompt, place);
    return { prompt: chosen.prompt, chosen: chosen.answer, rejected: rejected.answer, source: 'hh' };
  });
}

function splitTranscript(text: string, key: string, place: Place): { prompt: string; answer: string } {
  const at = text.lastIndexOf(TURN);
  if (at < 0) {
    throw rowError(
      'data.no-assistant-turn',
      place,
      `"${key}" has no turn that begins with "\\n\\nAssistant:".`,
      { key },
      'HH transcripts are turns of "\\n\\nHuman:" and "\\n\\nAssistant:".',
    );
  }
  const answer = text.slice(at + TURN.length);
  parseAnswer(answer.trim(), key, place);
  return { prompt: text.slice(0, at + TURN.length), answer };
}

function differentPrompts(chosen: string, rejected: string, place: Place) {
  let at = 0;
  while (at < chosen.length && chosen[at] === rejected[at]) at++;
  const near = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 20));
  return rowError(
    'data.different-prompts',
    place,
    `the texts before the last answers differ from character ${at + 1} on: ${near(chosen)} and ${near(rejected)}.`,
    { character: at + 1 },
    'The two answers belong to different prompts: leave the row out (--on-error skip).',
  );
}
