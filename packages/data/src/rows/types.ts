import type { TemplateInputs, Text } from '@dpo/base';
import type { RowPlace } from './encode-place.js';

/** A prompt without an answer. */
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
  /** By how much the chosen answer's reward should exceed the rejected one's, for losses that read margins. */
  readonly margin?: number;
  /** How much the pair counts in training, for methods that read weights. */
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
  /** How much the list counts in training, for methods that read weights. */
  readonly weight?: number;
}

/** One answer to a prompt, judged on its own: the data of KTO. */
export interface LabelledAnswer extends TemplateInputs {
  readonly prompt: Text;
  readonly completion: Text;
  /** True for a desirable answer. */
  readonly label: boolean;
  readonly id?: string;
  readonly source?: string;
  /** How much the answer counts in training, for methods that read weights. */
  readonly weight?: number;
}

/** Rows that can be read by their number, counted from 0, without all being objects at once. */
export interface Dataset<Row> extends Iterable<Row> {
  readonly length: number;
  /** The file or folder that the rows were read from. */
  readonly path?: string;
  /** Where a row stands, for messages: its file, its number in the file, and its line in files of lines. */
  placeOf?(row: number): RowPlace;
  /**
   * The row's number among all rows of the file, from 0: rows that reading skipped (`onError`) have numbers too. For `length`
   * the result is the number of all rows. The function is absent when no row was skipped.
   */
  numberOf?(row: number): number;
  /** The row with this number. @throws DpoError `data.no-such-row` for a number outside 0 … length − 1 */
  at(row: number): Row;
  /**
   * SHA-256, in hexadecimal, of the content in canonical form: the same rows have the same fingerprint, whatever file format
   * they came from. Computed at the first access.
   */
  readonly fingerprint: string;
  /**
   * The same fingerprint, computed with pauses in which signals, timers and other work of the process get their turn. It is
   * kept for `fingerprint`. Rejects with the signal's reason.
   */
  fingerprintInPieces(signal?: AbortSignal): Promise<string>;
}

/** A checked set of preference pairs. */
export interface PreferenceDataset extends Dataset<PreferencePair> {}

/** A checked set of ranked lists. */
export interface RankedDataset extends Dataset<RankedList> {}

/** A checked set of judged answers. */
export interface LabelledDataset extends Dataset<LabelledAnswer> {}
