import { parentPort, workerData } from 'node:worker_threads';
import { DpoError, type TextToEncode } from '@dpo/base';
import { createTokenizer } from './tokenizer.js';

/** A request to a thread. */
export interface EncodeRequest {
  readonly texts: readonly TextToEncode[];
}

/** A thread's reply: the ids of all texts one after the other, and how many each text has; or an error. */
export type EncodeReply =
  | { readonly ids: Int32Array; readonly lengths: Int32Array }
  | { readonly code: string; readonly message: string; readonly hint?: string | undefined };

const { files } = workerData as { readonly files: Readonly<Record<string, string>> };
let tokenizer: ReturnType<typeof createTokenizer> | undefined;

parentPort?.on('message', ({ texts }: EncodeRequest) => {
  try {
    tokenizer ??= createTokenizer(files);
    const { encode, encodeAfter } = tokenizer;
    const idsOfTexts = texts.map((text) =>
      typeof text === 'string' ? encode(text) : encodeAfter(text.before, text.text),
    );
    const lengths = Int32Array.from(idsOfTexts, ({ length }) => length);
    const reply = { ids: Int32Array.from(idsOfTexts.flat()), lengths };
    parentPort?.postMessage(reply satisfies EncodeReply, [reply.ids.buffer, reply.lengths.buffer]);
  } catch (error) {
    const { code, hint } = DpoError.is(error) ? error : { code: 'tokenizer.unsupported', hint: undefined };
    parentPort?.postMessage({ code, message: (error as Error).message, hint } satisfies EncodeReply);
  }
});
