import { parentPort, workerData } from 'node:worker_threads';
import { DpoError, type TextToEncode } from '@dpo/base';
import { createTokenizer } from './tokenizer.js';

/** What a thread is asked. */
export interface EncodeRequest {
  readonly texts: readonly TextToEncode[];
}

/** What it answers: all ids one after another, and how many are whose; or the error. */
export type EncodeReply =
  | { readonly ids: Int32Array; readonly lengths: Int32Array }
  | { readonly code: string; readonly message: string; readonly hint?: string | undefined };

const { files } = workerData as { readonly files: Readonly<Record<string, string>> };
let tokenizer: ReturnType<typeof createTokenizer> | undefined;

parentPort?.on('message', ({ texts }: EncodeRequest) => {
  try {
    tokenizer ??= createTokenizer(files);
    const { encode, encodeAfter } = tokenizer;
    const each = texts.map((text) => (typeof text === 'string' ? encode(text) : encodeAfter(text.before, text.text)));
    const reply = { ids: Int32Array.from(each.flat()), lengths: Int32Array.from(each, ({ length }) => length) };
    parentPort?.postMessage(reply satisfies EncodeReply, [reply.ids.buffer, reply.lengths.buffer]);
  } catch (error) {
    const { code, hint } = DpoError.is(error) ? error : { code: 'tokenizer.unsupported', hint: undefined };
    parentPort?.postMessage({ code, message: (error as Error).message, hint } satisfies EncodeReply);
  }
});
