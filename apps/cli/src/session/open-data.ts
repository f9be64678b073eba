import { type CutSummary, cutSummary, type EncodedPair, encodePairs, type PreferenceDataset } from '@dpo/data';
import type { LanguageModel, Tokenizer } from '@dpo/models';
import type { Context } from '../command/define.js';

/** Where texts are cut, in tokens, and whether answers get an end-of-text token. */
export interface LengthOptions {
  readonly maxLength?: number | undefined;
  readonly maxPromptLength?: number | undefined;
  readonly eos?: boolean | undefined;
}

/** The longest sequence that is read where the user names none. */
const LONGEST = 1024;

/** Encodes a dataset for a model, within what the model takes, and says what was cut. */
export function encodeFor(
  model: LanguageModel,
  tokenizer: Tokenizer,
  dataset: PreferenceDataset,
  options: LengthOptions,
  context: Context,
): EncodedPair[] {
  const maxLength = Math.min(options.maxLength ?? LONGEST, model.maxPositions);
  const pairs = encodePairs(dataset, tokenizer, { ...options, maxLength });
  const cuts = cutSummary(pairs);
  if (cuts.truncatedPairs > 0) context.note(cutNote(cuts, maxLength));
  return pairs;
}

function cutNote(cuts: CutSummary, maxLength: number): string {
  return (
    `${cuts.truncatedPairs} of ${cuts.pairs} pairs were cut to ${maxLength} tokens: ${cuts.truncatedPrompts} prompts ` +
    `lost ${cuts.promptTokensCut} tokens, ${cuts.truncatedAnswers} answers ${cuts.answerTokensCut}. ` +
    'An answer that was cut has no end-of-text token. --max-length and --max-prompt-length set the limits.'
  );
}
