import type { TextToEncode } from '@dpo/base';

/** Encodes many texts at once, to the same ids as `tokenizer.encode` and `tokenizer.encodeAfter`. */
export interface BatchEncoder {
  /** Where texts are encoded: in Hugging Face's native library, in worker threads of Node, or in this thread. */
  readonly by: 'native' | 'workers' | 'here';
  /** Why the native library is not used although it is installed. */
  readonly note?: string | undefined;
  /** The ids of each text. */
  encode(texts: readonly TextToEncode[]): Promise<readonly ArrayLike<number>[]>;
  /** Ends the threads. */
  close(): Promise<void>;
}
