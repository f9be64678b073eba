import type { TextToEncode } from '@dpo/base';

/** Encodes many texts at once, to the very ids that `tokenizer.encode` and `tokenizer.encodeAfter` give. */
export interface BatchEncoder {
  /** What does the work: Hugging Face's native library, worker threads of Node, or this thread. */
  readonly by: 'native' | 'workers' | 'here';
  /** Why the native library is installed and yet not used. */
  readonly note?: string | undefined;
  encode(texts: readonly TextToEncode[]): Promise<readonly ArrayLike<number>[]>;
  /** Ends its threads. */
  close(): Promise<void>;
}
