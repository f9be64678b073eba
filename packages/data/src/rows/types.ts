import type { Json } from '@dpo/base';
import type { RowPlace } from './encode-place.js';

/** One turn of a conversation. */
export interface Message {
  /** Who speaks: `system`, `user`, `assistant`, `tool`, … as the model's chat template knows it. */
  readonly role: string;
  /** A text, a list of parts (`{ type: 'text', text }`), or null where the message only calls tools. */
  readonly content: string | null | readonly Json[];
  /** Whatever else the chat template is to see: `tool_calls`, `name`, `reasoning_content`, …; never null. */
  readonly [key: string]: Json;
}

/** A prompt or an answer: plain text, or chat messages that go through the model's chat template. */
export type Text = string | readonly Message[];

/** What a row says to the chat template besides its messages. Only rows of conversations have it. */
export interface TemplateInputs {
  /** The tools that the model may call, as JSON schemas: the template's variable `tools`. Absent where there are none. */
  readonly tools?: readonly Json[];
  /** Other variables of the template, by name: the column `chat_template_kwargs`. */
  readonly templateVariables?: Readonly<Record<string, Json>>;
}

/** A prompt to be answered. */
export interface PromptRow extends TemplateInputs {
  readonly prompt: Text;
}

/** One preference: of two answers to a prompt, `chosen` was preferred to `rejected`. */
export interface PreferencePair extends TemplateInputs {
  readonly prompt: Text;
  readonly chosen: Text;
  readonly rejected: Text;
  readonly id?: string;
  /** Where the row comes from: a dataset's name, a policy, an annotator. */
  readonly source?: string;
  readonly chosenScore?: number;
  readonly rejectedScore?: number;
  /** log π_ref(chosen | prompt), in nats, summed over the answer's tokens. */
  readonly referenceChosenLogp?: number;
  /** log π_ref(rejected | prompt), in nats, summed over the answer's tokens. */
  readonly referenceRejectedLogp?: number;
  /** By how much the chosen answer's reward should exceed the rejected one's, for losses that are told to read it. */
  readonly margin?: number;
  /** How much the pair counts in training, where weights are asked for. */
  readonly weight?: number;
}

/** Several answers to one prompt, each with a score: higher is better. */
export interface RankedList extends TemplateInputs {
  readonly prompt: Text;
  readonly responses: readonly Text[];
  /** One score to a response, in the same order. */
  readonly scores: readonly number[];
  readonly id?: string;
  readonly source?: string;
  /** How much the list counts in training, where weights are asked for. */
  readonly weight?: number;
}

/** One answer to a prompt, judged on its own: the data of KTO. */
export interface LabelledAnswer extends TemplateInputs {
  readonly prompt: Text;
  readonly completion: Text;
  /** True where the answer is desirable. */
  readonly label: boolean;
  readonly id?: string;
  readonly source?: string;
  /** How much the answer counts in training, where weights are asked for. */
  readonly weight?: number;
}

/** Rows that can be read by their number, counted from 0, without being held as objects. */
export interface Dataset<Row> extends Iterable<Row> {
  readonly length: number;
  /** The file or folder it was read from. */
  readonly path?: string;
  /** Where a row stands: its file, its number there, and its line in files of lines. For messages. */
  placeOf?(row: number): RowPlace;
  /**
   * The row's number, from 0, in what was read: rows that were left out on reading (`onError`) have numbers, too. For `length` it
   * is how many rows there were. Where it is absent nothing was left out.
   */
  numberOf?(row: number): number;
  /** The row with this number. A number outside 0 … length − 1 is `data.no-such-row`. */
  at(row: number): Row;
  /**
   * SHA-256, in hexadecimal, of the content in canonical form: the same rows give the same fingerprint, whatever
   * file format they came from. Computed when it is first asked for.
   */
  readonly fingerprint: string;
  /**
   * The same, computed with pauses in which signals, timers and other work of the process get their turn; `fingerprint` has
   * it afterwards. Rejects with the signal's reason.
   */
  fingerprintInPieces(signal?: AbortSignal): Promise<string>;
}

/** A checked set of preference pairs. */
export interface PreferenceDataset extends Dataset<PreferencePair> {}

/** A checked set of ranked lists. */
export interface RankedDataset extends Dataset<RankedList> {}

/** A checked set of judged answers. */
export interface LabelledDataset extends Dataset<LabelledAnswer> {}

/** What turning text into tokens needs of a tokenizer. */
export interface TextEncoder_ {
  /** The text's tokens, without any special token that the text does not spell out. */
  encode(text: string): Int32Array | number[];
  /**
   * The tokens of a text that follows another: those after `before`'s in the whole text's, where these begin with
   * `before`'s; else those of the text as it goes on, without what the tokenizer puts before a text.
   */
  encodeAfter(before: string, text: string): Int32Array | number[];
  /** Whether a plain answer is encoded as a text of its own. Default false: it follows its prompt. */
  readonly answersApart?: boolean | undefined;
  /** What the tokenizer puts before a prompt: usually nothing, or the beginning-of-sequence token. */
  readonly bosPrefix: readonly number[];
  /** What a plain answer gets at its end. */
  readonly eosTokenId: number | undefined;
  /** All tokens that end an answer, where there are more than `eosTokenId`. */
  readonly endTokenIds?: readonly number[] | undefined;
  /** Rows of the model's embedding, where the tokenizer has more tokens: a text with one of these cannot be used. */
  readonly embeddingRows?: number | undefined;
  /** The text of tokens, for messages. */
  decode?(ids: number[]): string;
  /** The model's chat template, where it has one. */
  readonly chat?:
    | {
        /**
         * The prompt's text, up to and with the words that make the model answer. `variables` are handed to the template by
         * their names, `tools` among them.
         */
        prompt(messages: readonly Message[], variables?: Readonly<Record<string, Json>>): string;
        /** What the template writes after `prompt(prompt, variables)`, up to and with the end-of-turn token. */
        answer(
          prompt: readonly Message[],
          answer: readonly Message[],
          variables?: Readonly<Record<string, Json>>,
        ): string;
      }
    | undefined;
}

/** One prompt with its K answers, in tokens: the unit of packing (K = 2 for a pair, 1 for SFT, n for a ranked list). */
export interface PromptGroup {
  readonly prompt: Int32Array;
  readonly answers: readonly Int32Array[];
}

/**
 * Token sequences laid out in B rows of T positions, each prompt written once and followed by all of its answers.
 * Position i sees position j iff j ≤ i, both are in the same group, and j belongs to the prompt or to i's answer; a
 * padding position sees itself alone.
 */
export interface PackedBatch {
  /** B. */
  readonly rows: number;
  /** T. */
  readonly length: number;
  /** R: how many answer tokens are predicted, padding entries included. */
  readonly tokens: number;
  /** S = groups × K. */
  readonly sequences: number;
  /** [B·T] token ids, without the last of each answer, which predicts nothing; 0 where padded. */
  readonly ids: Int32Array;
  /** [B·T] position within the sequence; every answer starts at its prompt's length. 0 where padded. */
  readonly positions: Int32Array;
  /** [B·T] 0 = padding, else 1, 2, … within the row. */
  readonly groups: Int32Array;
  /** [B·T] 0 = prompt (and padding), else 1 … K. */
  readonly answers: Int32Array;
  /** [R] flat index b·T + t of the position whose logits predict the target; 0 in padding entries. */
  readonly predictors: Int32Array;
  /** [R] token id that is predicted; 0 in padding entries. */
  readonly targets: Int32Array;
  /** [R] which of the S sequences the target belongs to: group g's answer a is g·K + a, as given. S in padding entries. */
  readonly sequence: Int32Array;
  /** [S] answer tokens of each sequence. */
  readonly lengths: Int32Array;
  /** Positions with a token / (B·T), in (0, 1]. */
  readonly fill: number;
}
