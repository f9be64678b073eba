import type { DownloadProgress, Waiting } from '@dpo/hub';
import type { RunContext } from '../context.js';
import { megabytes } from '../format.js';

/** What a download from the hub gets from a command: a signal, and callbacks that report progress and waits. */
export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly onWaiting: (waiting: Waiting) => void;
}

/** {@link FetchOptions} whose lines call the download `name`. */
export function fetchOptions(name: string, { signal, progress }: RunContext): FetchOptions {
  return {
    signal,
    onProgress: ({ file, received, total }) =>
      progress(`Fetching ${name}: ${file} ${megabytes(received)}${total ? ` of ${megabytes(total)}` : ''}`),
    onWaiting: ({ host, what, seconds }) => progress(`Waiting for ${host}, ${seconds} s … (${what})`),
  };
}
