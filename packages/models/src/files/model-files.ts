import type { ByteFolder } from '@dpo/base/bytes';

/** The description of a weight in a file. */
export interface WeightEntry {
  /** Row-major sizes in Hugging Face's order. */
  readonly shape: readonly number[];
  /** The number type in the file: `F32`, `BF16`, `Q4_1`, … */
  readonly dtype: string;
  /** The size in the file, in bytes. */
  readonly byteLength: number;
}

/** A model's files with Hugging Face names, layouts and texts, whatever their format. */
export interface ModelFiles {
  /** The folder or file. */
  readonly path: string;
  /** The folder that the files are in. Undefined for GGUF. */
  readonly folder?: ByteFolder | undefined;
  readonly format: 'safetensors' | 'gguf';
  /** Paths of the files that hold the weights. */
  readonly weightFiles: readonly string[];
  /** `config.json`; for GGUF, the one that transformers would have. Empty for an adapter's folder without a `config.json`. */
  readonly config: Record<string, unknown>;
  /** Weights by Hugging Face name. */
  readonly tensors: ReadonlyMap<string, WeightEntry>;
  /**
   * A weight as float32, dequantised, row-major. When `into` is large enough, the result is a view of its beginning, so that
   * reading many weights needs no memory for each.
   */
  read(name: string, into?: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>>;
  /** The texts beside the weights, by file name: `tokenizer.json`, `generation_config.json`, … */
  readonly tokenizerFiles: Readonly<Record<string, string>>;
  /** Sentences about files that are used in an unexpected way. */
  readonly notes?: readonly string[] | undefined;
  /** Paths of files beside the weights that are no texts, such as a SentencePiece model. */
  readonly binaryFiles?: readonly string[] | undefined;
  /** `adapter_config.json` of a PEFT adapter's folder, whose `tensors` are the adapter's. Undefined for a model. */
  readonly adapter?: { readonly config: Record<string, unknown> };
  close(): Promise<void>;
}
