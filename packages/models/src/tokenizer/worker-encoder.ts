import { Worker } from 'node:worker_threads';
import { DpoError, type TextToEncode } from '@dpo/base';
import type { BatchEncoder } from './batch-encoder.js';
import type { EncodeReply, EncodeRequest } from './encode-worker.js';
import type { ModelTokenizer } from './tokenizer.js';

/** Texts are handed out in pieces of about this many UTF-16 units. */
const PIECE = 1 << 16;

/**
 * Worker threads, each with a tokenizer of the same files. Any free thread takes the next piece of a batch; results are in order.
 *
 * @param threads how many threads
 * @param script the threads' script
 * @throws {DpoError} from `encode` the tokenizer's own errors, and `tokenizer.worker-died`.
 */
export function openWorkers(
  tokenizer: ModelTokenizer,
  threads: number,
  script: URL = new URL('./encode-worker.js', import.meta.url),
): BatchEncoder {
  const workers = Array.from({ length: threads }, () => new Worker(script, { workerData: { files: tokenizer.files } }));
  // A program that forgets to close the workers can still end.
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

/** A request to a worker, which must have no other request at the time. */
function ask(worker: Worker, request: EncodeRequest): Promise<Extract<EncodeReply, { readonly ids: Int32Array }>> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off('message', onReply).off('error', onDeath);
      worker.unref();
    };
    const onReply = (reply: EncodeReply) => {
      settle();
      if ('ids' in reply) resolve(reply);
      else reject(new DpoError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint }));
    };
    const onDeath = (cause: Error) => {
      settle();
      reject(new DpoError('tokenizer.worker-died', `A thread that encodes text ended: ${cause.message}.`, { cause }));
    };
    worker.on('message', onReply).on('error', onDeath);
    worker.ref();
    worker.postMessage(request);
  });
}
