import { describeError, type ErrorText } from '../session/describe-error.js';
import { openPlace } from '../session/kept-session.js';
import type { Reply, Request } from './messages.js';
import { trainer } from './trainer.js';

/** The part of a worker's global scope that this file needs: the compiler knows the page's scope alone. */
interface WorkerScope {
  postMessage(reply: Reply): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

const scope = self as unknown as WorkerScope;
const tell = (reply: Reply) => scope.postMessage(reply);

type Take = (request: Exclude<Request, { kind: 'hello' }>) => void;

async function start(wasmFolder: string): Promise<Take> {
  const place = await openPlace(navigator.storage);
  const facts = await place.read();
  const step = (await place.checkpoints.list()).at(-1)?.step;
  tell({ kind: 'kept', facts, lasting: place.lasting, ...(step === undefined ? {} : { step }) });
  return trainer(place, wasmFolder, tell);
}

/** A worker that only says why it does nothing. */
function refuse(error: ErrorText): Take {
  tell({ kind: 'error', error });
  return () => tell({ kind: 'error', error });
}

/** How long another tab, or this page before it was loaded anew, may take to end, in milliseconds. */
const PATIENCE = 3000;

/** Starts unless another tab trains: the browser keeps one training. The lock is held until the page is closed. */
function startAlone(wasmFolder: string): Promise<Take> {
  const begin = () => start(wasmFolder).catch((error: unknown) => refuse(describeError(error)));
  if (navigator.locks === undefined) return begin();
  return new Promise((resolve) => {
    const hold = () => {
      resolve(begin());
      return new Promise(() => undefined);
    };
    navigator.locks.request('dpo-training', { signal: AbortSignal.timeout(PATIENCE) }, hold).catch(() => {
      const message = 'This page is open in another tab, and the browser keeps one training.';
      const hint = 'Go on there, or close that tab and load this one anew.';
      resolve(refuse({ code: 'page.other-tab', message, hint }));
    });
  });
}

let ready: Promise<Take> | undefined;
scope.onmessage = ({ data }) => {
  if (data.kind === 'hello') ready ??= startAlone(data.wasmFolder);
  else void ready?.then((take) => take(data));
};
