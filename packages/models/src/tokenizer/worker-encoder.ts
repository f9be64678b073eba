import { Worker } from 'node:worker_threads';
import { DpoError, type TextToEncode } from '@dpo/base';
import type { BatchEncoder } from './batch-encoder.js';
import type { EncodeReply, EncodeRequest } from './encode-worker.js';
import type { ModelTokenizer } from './tokenizer.js';

/** Texts are dealt out in pieces of about so many UTF-16 units. */
const PIECE = 1 << 16;

/**
 * Worker threads that each have a tokenizer of the same files. Pieces of a batch go to whichever is free, and come back in
 * order.
 *
 * @throws DpoError `tokenizer.unsupported` from `encode`, as the tokenizer itself does; `tokenizer.worker-died`
 */
export function openWorkers(
  tokenizer: ModelTokenizer,
  threads: number,
  script: URL = new URL('./encode-worker.js', import.meta.url),
): BatchEncoder {
  const workers = Array.from({ length: threads }, () => new Worker(script, { workerData: { files: tokenizer.files } }));
  // A program that forgets to close them can still end.
  for (const worker of workers) worker.unref();
  return {
    by: 'workers',
    async encode(texts) {
      const results: Int32Array[] = new Array(texts.length);
      const pieces = piecesOf(texts);
      let next = 0;
      await Promise.all(
        workers.map(async (worker) => {
          for (;;) {
            const piece = pieces[next++];
            if (piece === undefined) return;
            const { ids, lengths } = await ask(worker, { texts: texts.slice(piece.from, piece.to) });
            let at = 0;
            lengths.forEach((length, i) => {
              results[piece.from + i] = ids.subarray(at, at + length);
              at += length;
            });
          }
        }),
      );
      return results;
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function piecesOf(texts: readonly TextToEncode[]): readonly { readonly from: number; readonly to: number }[] {
  const pieces: { from: number; to: number }[] = [];
  let from = 0;
  let units = 0;
  texts.forEach((text, i) => {
    units += typeof text === 'string' ? text.length : text.before.length + text.text.length;
    if (units < PIECE && i + 1 < texts.length) return;
    pieces.push({ from, to: i + 1 });
    from = i + 1;
    units = 0;
  });
  return pieces;
}

/** One request at a time is with a worker. */
function ask(worker: Worker, request: EncodeRequest): Promise<Extract<EncodeReply, { readonly ids: Int32Array }>> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off('message', answered).off('error', died);
      worker.unref();
    };
    const answered = (reply: EncodeReply) => {
      settle();
      if ('ids' in reply) resolve(reply);
      else reject(new DpoError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint }));
    };
    const died = (cause: Error) => {
      settle();
      reject(new DpoError('tokenizer.worker-died', `A thread that encodes text ended: ${cause.message}.`, { cause }));
    };
    worker.on('message', answered).on('error', died);
    worker.ref();
    worker.postMessage(request);
  });
}
