import { setTimeout as sleep } from 'node:timers/promises';
import { DpoError } from '@dpo/base';
import type { HubSettings } from './settings.js';
import { whileWaiting } from './waiting.js';

/** What is known of a failure in passing besides its message. */
interface PassingDetails {
  readonly cause?: unknown;
  /** Where it happened, when not at the hub itself. */
  readonly host?: string;
  /** The pause that the server asks for. */
  readonly pauseMs?: number | undefined;
  /** The status of the answer. */
  readonly status?: number;
  /** More of the file is there than before, so that this try does not count. */
  readonly gotOn?: boolean;
}

/** A failure that another try may mend: no connection, a connection that broke, a server that is overloaded. */
export class Passing extends Error {
  constructor(
    message: string,
    readonly details: PassingDetails = {},
  ) {
    super(message, { cause: details.cause });
  }
}

/**
 * Tries something again while it fails in passing. The pauses are random parts of a time that doubles (full jitter), or
 * what the server asks for, and never longer than `maxPauseMs`. The signal ends them.
 *
 * @param what the model or file asked for, named in errors
 * @throws DpoError `hub.unreachable` when the tries are used up; other errors at once
 */
export async function withRetries<T>(settings: HubSettings, what: string, attempt: () => Promise<T>): Promise<T> {
  const { signal, tries, retryDelayMs, maxPauseMs, address } = settings;
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Passing)) throw error;
      if (error.details.gotOn) tried = 1;
      const host = error.details.host ?? address.host;
      if (tried >= tries) throw unreachable(host, what, tried, error);
      const jitter = Math.random() * retryDelayMs * 2 ** (tried - 1);
      const pause = Math.min(Math.max(jitter, error.details.pauseMs ?? 0), maxPauseMs);
      const next = `the next try (${tried + 1} of ${tries}): ${error.message}`;
      // The pause itself ends with an error that is not the signal's reason.
      const paused = sleep(pause, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
      await whileWaiting(settings, host, next, paused);
    }
  }
}

function unreachable(host: string, what: string, tries: number, cause: Passing): DpoError {
  return new DpoError('hub.unreachable', `${what} could not be fetched from ${host}: ${cause.message}.`, {
    values: { host, what, tries },
    hint: 'Check the network, or set HF_ENDPOINT to a mirror; what arrived is kept, and the next run goes on from there.',
    cause,
  });
}
