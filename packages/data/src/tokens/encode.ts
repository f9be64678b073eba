import type { EncodedPair, PromptGroup, Text } from '@dpo/base';
import type { PreferencePair, PromptRow } from '../rows/types.js';
import type { RowOrigin } from './cuts.js';
import { type Encoder, encoder } from './encode-each.js';
import { answerPiece, promptPiece, textsOf } from './encode-text.js';
import { asTheyAre } from './example-kind.js';

/** A prompt in tokens, for generation. */
export interface EncodedPrompt {
  readonly row: number;
  readonly tokens: Int32Array;
  /** How many tokens were cut from its beginning. */
  readonly cut: number;
  /** The whole text: a conversation's as its template writes it. */
  readonly text: string;
}

/**
 * Turns pairs into tokens exactly as generation will see them.
 *
 * A prompt's tokens are those that generation is given; an answer's are those that follow them in the text of both. A
 * plain prompt gets the tokenizer's `bosPrefix`, unless it begins with it already; a plain answer gets EOS at its end,
 * unless it ends in an end token already or was cut. Conversations are encoded as the chat template writes them, special
 * tokens and all: nothing is added.
 *
 * Errors name the row, and file and line where the dataset knows them: `data.answer-cut-away` (the prompt leaves no room for the answer), `data.empty-answer` and
 * `data.empty-prompt` (no tokens), `data.token-without-row`, `data.no-chat-template`, those of the tokenizer; `options.invalid` for a limit that is no positive integer.
 */
export const encodePairs: Encoder<PreferencePair, EncodedPair & RowOrigin<'chosen' | 'rejected'>> = encoder({
  texts(pair, row, tokenizer) {
    const answers = [['chosen', pair.chosen] as const, ['rejected', pair.rejected] as const];
    return textsOf(pair, answers, tokenizer, row);
  },
  assemble(pair, row, encoded) {
    const prompt = promptPiece(pair.prompt, encoded, row);
    const chosen = answerPiece(pair.prompt, prompt.tokens.length, encoded, 1, row);
    const rejected = answerPiece(pair.prompt, prompt.tokens.length, encoded, 2, row);
    return {
      row,
      prompt: prompt.tokens,
      chosen: chosen.tokens,
      rejected: rejected.tokens,
      ...numbersOf(pair),
      cut: { prompt: prompt.cut, chosen: chosen.cut, rejected: rejected.cut },
    };
  },
  finish: asTheyAre,
});

/** The numbers that come with a pair, those that it has. */
function numbersOf({ margin, weight, referenceChosenLogp, referenceRejectedLogp }: PreferencePair) {
  return {
    ...(margin === undefined ? {} : { margin }),
    ...(weight === undefined ? {} : { weight }),
    ...(referenceChosenLogp === undefined ? {} : { referenceChosenLogp }),
    ...(referenceRejectedLogp === undefined ? {} : { referenceRejectedLogp }),
  };
}

/** Turns prompts into tokens for generation, exactly as {@link encodePairs} does; `maxLength` has no effect. */
export const encodePrompts: Encoder<Text | PromptRow, EncodedPrompt> = encoder({
  texts: (given, row, tokenizer) => textsOf(asPromptRow(given), [], tokenizer, row),
  assemble: (given, row, encoded) => ({ row, ...promptPiece(asPromptRow(given).prompt, encoded, row) }),
  finish: asTheyAre,
});

function asPromptRow(given: Text | PromptRow): PromptRow {
  return typeof given === 'object' && !Array.isArray(given) ? (given as PromptRow) : { prompt: given as Text };
}

/** A pair as a group of two answers, chosen first, for packing. */
export function pairGroup(pair: EncodedPair): PromptGroup {
  return { prompt: pair.prompt, answers: [pair.chosen, pair.rejected] };
}
