import type { Message, TemplateVariables } from './text.js';

/** A model's chat template: the texts of a conversation's prompt and answer. */
export interface ChatTemplate {
  /** The text of a prompt, up to and with the words that make the model answer (`add_generation_prompt`). */
  prompt(messages: readonly Message[], variables?: TemplateVariables): string;
  /**
   * The text of an answer: the template's text after `prompt(prompt, variables)`, up to and with the token that ends the turn. The
   * template's text after that token (often a line break) is left out, since the model never writes it.
   */
  answer(prompt: readonly Message[], answer: readonly Message[], variables?: TemplateVariables): string;
}

/** The functions and numbers of a tokenizer that encoding needs. `ModelTokenizer` of `@dpo/models` is an implementation. */
export interface Tokenizer {
  /** The text's tokens, without special tokens except those that the text spells out. */
  encode(text: string): Int32Array | number[];
  /**
   * The tokens of a text that follows the text `before`. When the tokens of the whole text begin with the tokens of `before`, the
   * result is the rest of them. Otherwise the result is the tokens of `text`, without the tokens that the tokenizer puts before
   * every text.
   */
  encodeAfter(before: string, text: string): Int32Array | number[];
  /** True when a plain answer is encoded on its own. Default false: the answer follows its prompt. */
  readonly answersApart?: boolean | undefined;
  /** The tokens before every prompt: usually none, or the beginning-of-sequence token. */
  readonly bosPrefix: readonly number[];
  /** The token at the end of a plain answer; undefined when the tokenizer has none. */
  readonly eosTokenId: number | undefined;
  /** All tokens that end an answer, when `eosTokenId` is not the only one. */
  readonly endTokenIds?: readonly number[] | undefined;
  /** The number of rows of the model's embedding, when the tokenizer has more tokens. A text with a token beyond cannot be used. */
  readonly embeddingRows?: number | undefined;
  /** The text of tokens, for messages. */
  decode?(ids: number[]): string;
  /** The model's chat template, when it has one. */
  readonly chat?: ChatTemplate | undefined;
}
