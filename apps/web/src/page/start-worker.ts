import type { Reply, Request } from '../worker/messages.js';

/** The training's worker as the page sees it. */
export interface TrainingWorker {
  ask(request: Request): void;
}

/**
 * Starts the worker from a blob: such a worker has the page's policy, and a worker from an address would have none.
 *
 * @param hear called with each reply
 * @param fail called when the worker ends by an error that nothing in it has caught
 */
export async function startWorker(
  hear: (reply: Reply) => void,
  fail: (message: string) => void,
): Promise<TrainingWorker> {
  const response = await fetch(new URL('worker.js', document.baseURI));
  const script = new Blob([await response.text()], { type: 'text/javascript' });
  const worker = new Worker(URL.createObjectURL(script), { type: 'module', name: 'training' });
  worker.onmessage = ({ data }: MessageEvent<Reply>) => hear(data);
  worker.onerror = ({ message }) => fail(message);
  const ask = (request: Request) => worker.postMessage(request);
  ask({ kind: 'hello', wasmFolder: new URL('wasm/', document.baseURI).href });
  return { ask };
}
