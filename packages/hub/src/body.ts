import { DpoError } from '@dpo/base';
import { type Answer, notAHub } from './request.js';
import { TemporaryFailure } from './retries.js';
import type { HubSettings } from './settings.js';

/**
 * The chunks of an answer.
 *
 * @param what named in reports and errors
 * @throws TemporaryFailure when the connection breaks, when no byte comes for `idleTimeoutMs`, and when fewer than
 * `minBytesPerSecond` come for this time: a server that sends a byte a second is no better than a silent one
 */
export async function* chunksOf(settings: HubSettings, answer: Answer, what: string): AsyncGenerator<Uint8Array> {
  const { response, host } = answer;
  if (response.body === null) throw new TemporaryFailure('its answer is empty', { host });
  const reader = response.body.getReader();
  const watch = watchPace(settings, host, what);
  try {
    for (;;) {
      const { done, value } = await watch.during(reader.read()).catch((error: unknown) => {
        settings.signal?.throwIfAborted();
        throw error instanceof TemporaryFailure
          ? error
          : new TemporaryFailure('the connection broke', { host, cause: error });
      });
      if (done) return;
      watch.add(value.length);
      yield value;
    }
  } finally {
    watch.stop();
    reader.cancel().catch(() => undefined);
  }
}

interface Watch {
  /** Waits for a chunk, as long as the pace allows. */
  during<T>(reading: Promise<T>): Promise<T>;
  /** Counts the bytes of a chunk. */
  add(bytes: number): void;
  stop(): void;
}

/** Watches the time of waiting for chunks; the time that the reader takes to use them does not count. */
function watchPace(settings: HubSettings, host: string, what: string): Watch {
  const { idleTimeoutMs, minBytesPerSecond, onWaiting } = settings;
  let since: number | undefined; // when the wait for the next chunk began
  let reported = 0; // seconds of this wait that were reported
  let earlierWaits = 0; // milliseconds in this stretch
  let bytes = 0; // of this stretch
  let fail: (error: Error) => void = () => undefined;
  const tick = (): void => {
    if (since === undefined) return;
    const wait = Date.now() - since;
    const seconds = Math.floor(wait / 1000);
    if (seconds > reported) onWaiting?.({ host, what, seconds });
    reported = Math.max(reported, seconds);
    const limit = `${idleTimeoutMs / 1000} s`;
    if (wait >= idleTimeoutMs) fail(new TemporaryFailure(`nothing has come for ${limit}`, { host }));
    else if (earlierWaits + wait >= idleTimeoutMs) {
      if (bytes < (minBytesPerSecond * idleTimeoutMs) / 1000)
        fail(new TemporaryFailure(`only ${bytes} bytes have come in ${limit}`, { host }));
      // The next stretch begins in the middle of this wait.
      earlierWaits = -wait;
      bytes = 0;
    }
  };
  const timer = setInterval(tick, Math.min(1000, Math.ceil(idleTimeoutMs / 4)));
  return {
    during: (reading) => {
      since = Date.now();
      reported = 0;
      return new Promise((resolve, reject) => {
        fail = reject;
        reading.then(resolve, reject);
      });
    },
    add: (count) => {
      bytes += count;
      if (since !== undefined) earlierWaits += Date.now() - since;
      since = undefined;
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * An answer as JSON, of at most `maxBytes`.
 *
 * @returns the value, and the number of its bytes
 * @throws DpoError `hub.answer-too-large`, `hub.failed` for an answer that is not JSON; TemporaryFailure as {@link chunksOf}
 */
export async function readJson(
  settings: HubSettings,
  answer: Answer,
  what: string,
  maxBytes: number,
): Promise<{ value: unknown; bytes: number }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(settings, answer, `the rest of the list of ${what}`)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(settings, answer.host, what, `of over ${settings.maxListBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString('utf8')), bytes };
  } catch {
    const values = { what, host: answer.host };
    throw notAHub(`${answer.host} does not answer as a model hub does: its list of ${what} is no JSON.`, values);
  }
}

/** The error for a list that exceeds the limits. */
export function tooLarge(settings: HubSettings, host: string, what: string, extent: string): DpoError {
  const { maxListBytes, maxPages } = settings;
  return new DpoError('hub.answer-too-large', `${host} answers with a list ${extent} for ${what}.`, {
    values: { host, what, maxListBytes, maxPages },
    hint: 'Is HF_ENDPOINT the address of a model hub? DPO_HUB_MAX_LIST_BYTES and DPO_HUB_MAX_PAGES set the limits.',
  });
}
