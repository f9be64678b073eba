/** The properties of every kind of example: a row in tokens, the unit of training. */
export interface EncodedExample {
  readonly prompt: Int32Array;
  /** How much the example's loss counts, for methods that read weights. */
  readonly weight?: number | undefined;
}

/** A preference pair in tokens. */
export interface EncodedPair extends EncodedExample {
  readonly chosen: Int32Array;
  readonly rejected: Int32Array;
  /** By how much the chosen answer's reward should exceed the rejected one's, for methods that read margins. */
  readonly margin?: number | undefined;
  /** log π_ref(chosen | prompt), in nats, when the data have this column. */
  readonly referenceChosenLogp?: number | undefined;
  /** log π_ref(rejected | prompt), in nats, when the data have this column. */
  readonly referenceRejectedLogp?: number | undefined;
}

/** A judged answer in tokens, with another prompt's answer besides. */
export interface EncodedAnswer extends EncodedExample {
  readonly completion: Int32Array;
  /** Another prompt's answer, cut to fit behind this prompt. KTO estimates its KL divergence on this answer. */
  readonly mismatched: Int32Array;
  /** The label: true for a desirable answer. */
  readonly desirable: boolean;
}

/** A ranking in tokens. */
export interface EncodedRanking extends EncodedExample {
  /** The answers, the best first. Of answers with equal scores only the first is in the list. */
  readonly answers: readonly Int32Array[];
}

/** One prompt with its K answers, in tokens: the unit of packing (K = 2 for a pair, 1 for SFT, n for a ranked list). */
export interface PromptGroup {
  readonly prompt: Int32Array;
  readonly answers: readonly Int32Array[];
}
