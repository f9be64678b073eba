/** What is known of a weight before it is read. */
export interface WeightEntry {
  /** Hugging Face's order of sizes, row-major. */
  readonly shape: readonly number[];
  /** How the file stores it: `F32`, `BF16`, `Q4_1`, … */
  readonly dtype: string;
  /** Bytes that it takes in the file. */
  readonly byteLength: number;
}

/** A model's files under one view, whatever format they are in: Hugging Face names, layouts and files. */
export interface ModelFiles {
  /** The folder or file that was opened. */
  readonly path: string;
  readonly format: 'safetensors' | 'gguf';
  /** Paths of the files that hold the weights. */
  readonly weightFiles: readonly string[];
  /** `config.json`; for GGUF, what transformers would have there. Empty for an adapter's folder without one. */
  readonly config: Record<string, unknown>;
  /** Weights by Hugging Face name. */
  readonly tensors: ReadonlyMap<string, WeightEntry>;
  /**
   * A weight as float32, row-major; quantised ones dequantised. With `into` the numbers are put there where possible, and
   * the result is a view of its beginning: reading many weights then needs no memory for each.
   */
  read(name: string, into?: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;
  /** The text files that go with the weights, by name: `tokenizer.json`, `generation_config.json`, … */
  readonly tokenizerFiles: Readonly<Record<string, string>>;
  /** What was taken otherwise than might be expected: a sentence each. */
  readonly notes?: readonly string[] | undefined;
  /** Paths of files that go with the weights and are no text: a SentencePiece model. */
  readonly binaryFiles?: readonly string[] | undefined;
  /** A PEFT adapter's folder: `adapter_config.json`. Its `tensors` are then the adapter's. */
  readonly adapter?: { readonly config: Record<string, unknown> };
  close(): Promise<void>;
}
