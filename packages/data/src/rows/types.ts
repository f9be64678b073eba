import type { TemplateInputs, Text } from '@dpo/base';
import type { RowPlace } from './encode-place.js';

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
