import { setTimeout as sleep } from 'node:timers/promises';
import { DpoError } from '@dpo/base';
import type { HubSettings } from './settings.js';
import { whileWaiting } from './waiting.js';

/** The details of a temporary failure. */
interface FailureDetails {
  readonly cause?: unknown;
  /** The server, when it is not the hub itself. */
  readonly host?: string;
  /** The pause that the server asks for. */
  readonly pauseMs?: number | undefined;
  /** The status of the answer. */
  readonly status?: number;
  /** True when the try has brought new bytes of the file, so that the try does not count. */
  readonly isProgress?: boolean;
}

/** A failure that another try may mend: no connection, a connection that broke, a server that is overloaded. */
export class TemporaryFailure extends Error {
  constructor(
    message: string,
    readonly details: FailureDetails = {},
  ) {
    super(message, { cause: details.cause });
  }
}

/**
 * Runs `attempt` again while it fails temporarily. A pause is a random part of a time that doubles (full jitter), or the pause
 * that the server asks for, and never longer than `maxPauseMs`. The signal ends pauses.
 *
 * @param what the model or file, named in errors
 * @throws DpoError `hub.unreachable` after the last try; other errors at once
 */
export async function withRetries<T>(settings: HubSettings, what: string, attempt: () => Promise<T>): Promise<T> {
  const { signal, tries, retryDelayMs, maxPauseMs, address } = settings;
  for (let count = 1; ; count++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TemporaryFailure)) throw error;
      if (error.details.isProgress) count = 1;
      const host = error.details.host ?? address.host;
      if (count >= tries) throw unreachable(host, what, count, error);
      const jitter = Math.random() * retryDelayMs * 2 ** (count - 1);
      const pause = Math.min(Math.max(jitter, error.details.pauseMs ?? 0), maxPauseMs);
      const next = `the next try (${count + 1} of ${tries}): ${error.message}`;
      // The rejection of an aborted pause is not the signal's reason.
      const sleeping = sleep(pause, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
      await whileWaiting(settings, host, next, sleeping);
    }
  }
}

function unreachable(host: string, what: string, tries: number, cause: TemporaryFailure): DpoError {
  return new DpoError('hub.unreachable', `${what} could not be fetched from ${host}: ${cause.message}.`, {
    values: { host, what, tries },
    hint: 'Check the network, or set HF_ENDPOINT to a mirror. The next run continues this download.',
    cause,
  });
}
