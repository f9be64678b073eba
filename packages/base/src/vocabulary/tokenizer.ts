import type { Message, TemplateVariables } from './text.js';

/** A model's chat template: the texts of a conversation's prompt and answer. */
export interface ChatTemplate {
  /** The text of a prompt, up to and with the words that make the model answer (`add_generation_prompt`). */
  prompt(messages: readonly Message[], variables?: TemplateVariables): string;
  /**
   * The text of an answer: what the template writes after `prompt(prompt, variables)`, up to and with the token that ends the
   * turn. What the template writes after that (often a line break) the model never has to produce, so it is left out.
   */
  answer(prompt: readonly Message[], answer: readonly Message[], variables?: TemplateVariables): string;
}

/** The text side of a tokenizer: what turning examples into tokens needs. `@dpo/models`' `ModelTokenizer` is one. */
export interface Tokenizer {
  /** The text's tokens, without any special token that the text does not spell out. */
  encode(text: string): Int32Array | number[];
  /**
   * The tokens of a text that follows another: those after `before`'s in the whole text's, when these begin with
   * `before`'s; else those of the text as it goes on, without what the tokenizer puts before a text.
   */
  encodeAfter(before: string, text: string): Int32Array | number[];
  /** Whether a plain answer is encoded as a text of its own. Default false: it follows its prompt. */
  readonly answersApart?: boolean | undefined;
  /** What the tokenizer puts before a prompt: usually nothing, or the beginning-of-sequence token. */
  readonly bosPrefix: readonly number[];
  /** What a plain answer gets at its end. */
  readonly eosTokenId: number | undefined;
  /** All tokens that end an answer, when there are more than `eosTokenId`. */
  readonly endTokenIds?: readonly number[] | undefined;
  /** Rows of the model's embedding, when the tokenizer has more tokens: a text with one of these cannot be used. */
  readonly embeddingRows?: number | undefined;
  /** The text of tokens, for messages. */
  decode?(ids: number[]): string;
  /** The model's chat template, when it has one. */
  readonly chat?: ChatTemplate | undefined;
}
