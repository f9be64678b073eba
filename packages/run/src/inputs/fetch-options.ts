import type { DownloadProgress, Waiting } from '@dpo/hub';
import type { RunContext } from '../context.js';
import { megabytes } from '../format.js';

/** What a download from the hub gets of a command: its signal, and lines that say how it goes and what it waits for. */
export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly onWaiting: (waiting: Waiting) => void;
}

/** {@link FetchOptions} for what the user calls `name`. */
export function fetchOptions(name: string, { signal, progress }: RunContext): FetchOptions {
  return {
    signal,
    onProgress: ({ file, received, total }) =>
      progress(`Fetching ${name}: ${file} ${megabytes(received)}${total ? ` of ${megabytes(total)}` : ''}`),
    onWaiting: ({ host, what, seconds }) => progress(`Waiting for ${host}, ${seconds} s … (${what})`),
  };
}
