import type { EncodedPair, PromptGroup, Text } from '@dpo/base';
import { templateVariables } from '../rows/conversation.js';
import type { PreferencePair, PromptRow } from '../rows/types.js';
import type { RowOrigin } from './cuts.js';
import { type Encoder, encodeEach, encoder } from './encode-each.js';
import { cutAnswer, encodeAnswer, encodePrompt } from './encode-text.js';

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
export const encodePairs: Encoder<PreferencePair, EncodedPair & RowOrigin<'chosen' | 'rejected'>> = encoder(
  'encodePairs',
  (dataset, tokenizer, options) =>
    encodeEach(dataset, options, (pair, row) => {
      const prompt = encodePrompt(pair.prompt, templateVariables(pair), tokenizer, options, row);
      const answer = (key: 'chosen' | 'rejected') => {
        const full = encodeAnswer(prompt, pair[key], tokenizer, options, row, key);
        return cutAnswer(full, prompt.tokens.length, options, row, key);
      };
      const chosen = answer('chosen');
      const rejected = answer('rejected');
      return {
        row,
        prompt: prompt.tokens,
        chosen: chosen.tokens,
        rejected: rejected.tokens,
        ...(pair.margin === undefined ? {} : { margin: pair.margin }),
        ...(pair.weight === undefined ? {} : { weight: pair.weight }),
        cut: { prompt: prompt.cut, chosen: chosen.cut, rejected: rejected.cut },
      };
    }),
);

/** Turns prompts into tokens for generation, exactly as {@link encodePairs} does; `maxLength` has no effect. */
export const encodePrompts: Encoder<Text | PromptRow, EncodedPrompt> = encoder(
  'encodePrompts',
  (prompts, tokenizer, options) =>
    encodeEach(prompts, options, (given, row) => {
      const { prompt, ...inputs } = asPromptRow(given);
      const { tokens, cut, text } = encodePrompt(prompt, templateVariables(inputs), tokenizer, options, row);
      return { row, tokens, cut, text };
    }),
);

function asPromptRow(given: Text | PromptRow): PromptRow {
  return typeof given === 'object' && !Array.isArray(given) ? (given as PromptRow) : { prompt: given as Text };
}

/** A pair as a group of two answers, chosen first, for packing. */
export function pairGroup(pair: EncodedPair): PromptGroup {
  return { prompt: pair.prompt, answers: [pair.chosen, pair.rejected] };
}
