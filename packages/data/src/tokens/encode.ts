import type { EncodedPair, PromptGroup, Text } from '@dpo/base';
import type { PreferencePair, PromptRow } from '../rows/types.js';
import type { RowOrigin } from './cuts.js';
import { type Encoder, encoder } from './encode-each.js';
import { answerPiece, promptPiece, textsOf } from './encode-text.js';
import { asTheyAre } from './example-kind.js';

/** A prompt in tokens, for generation. */
export interface EncodedPrompt {
  /** The number of the prompt's row. */
  readonly row: number;
  readonly tokens: Int32Array;
  /** The number of tokens cut from the beginning. */
  readonly cut: number;
  /** The whole text, of a conversation as the chat template writes it. */
  readonly text: string;
}

/**
 * Turns pairs into the tokens that generation reads and writes.
 *
 * A prompt has the tokens that generation begins with, and an answer the tokens that follow the prompt's in the text of both. A
 * plain prompt gets the tokenizer's `bosPrefix`, unless the prompt begins with it already. A plain answer gets EOS at its end,
 * unless it ends in an end token already or was cut. Conversations are encoded as the chat template writes them, special tokens
 * included, and get nothing more.
 *
 * @throws DpoError with the row, and with file and line when the dataset knows them: `data.answer-cut-away` (the prompt leaves no
 * room for the answer), `data.empty-answer` and `data.empty-prompt` (no tokens), `data.token-without-row`,
 * `data.no-chat-template`, the errors of the tokenizer; `options.invalid` for a limit that is not a positive integer
 */
export const encodePairs: Encoder<PreferencePair, EncodedPair & RowOrigin<'chosen' | 'rejected'>> = encoder({
  texts(pair, row, tokenizer) {
    const answers = [['chosen', pair.chosen] as const, ['rejected', pair.rejected] as const];
    return textsOf(pair, answers, tokenizer, row);
  },
  assemble(pair, row, input) {
    const prompt = promptPiece(pair.prompt, input, row);
    const chosen = answerPiece(pair.prompt, prompt.tokens.length, input, 1, row);
    const rejected = answerPiece(pair.prompt, prompt.tokens.length, input, 2, row);
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

/** The numbers that a pair has. */
function numbersOf({ margin, weight, referenceChosenLogp, referenceRejectedLogp }: PreferencePair) {
  return {
    ...(margin === undefined ? {} : { margin }),
    ...(weight === undefined ? {} : { weight }),
    ...(referenceChosenLogp === undefined ? {} : { referenceChosenLogp }),
    ...(referenceRejectedLogp === undefined ? {} : { referenceRejectedLogp }),
  };
}

/** Turns prompts into tokens for generation, exactly as {@link encodePairs} does. `maxLength` has no effect. */
export const encodePrompts: Encoder<Text | PromptRow, EncodedPrompt> = encoder({
  texts: (prompt, row, tokenizer) => textsOf(asPromptRow(prompt), [], tokenizer, row),
  assemble: (prompt, row, input) => ({ row, ...promptPiece(asPromptRow(prompt).prompt, input, row) }),
  finish: asTheyAre,
});

function asPromptRow(prompt: Text | PromptRow): PromptRow {
  return typeof prompt === 'object' && !Array.isArray(prompt) ? (prompt as PromptRow) : { prompt: prompt as Text };
}

/** A pair as a group of two answers, chosen first, for packing. */
export function pairGroup(pair: EncodedPair): PromptGroup {
  return { prompt: pair.prompt, answers: [pair.chosen, pair.rejected] };
}
