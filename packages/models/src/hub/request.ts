import { setTimeout as sleep } from 'node:timers/promises';
import { DpoError } from '@dpo/base';
import type { HubSettings } from './settings.js';

/** A failure that another try may mend: no connection, a connection that broke, a server that is overloaded. */
class Passing extends Error {}

/** Marks an error as worth another try. */
export function passing(message: string, cause?: unknown): Error {
  return new Passing(message, { cause });
}

/**
 * Tries something again while it fails in passing, with growing pauses.
 *
 * Throws `hub.unreachable` when the tries are used up, other errors at once.
 */
export async function withRetries<T>(settings: HubSettings, what: string, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    settings.signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      settings.signal?.throwIfAborted();
      if (!(error instanceof Passing)) throw error;
      if (tried >= settings.tries) {
        throw new DpoError(
          'hub.unreachable',
          `${what} could not be fetched from ${settings.endpoint}: ${error.message}.`,
          {
            values: { endpoint: settings.endpoint, what, tries: tried },
            hint: 'Check the network, or set HF_ENDPOINT to a mirror; what arrived is kept, and the next run goes on from there.',
            cause: error,
          },
        );
      }
      await sleep(settings.retryDelayMs * 2 ** (tried - 1), undefined, settings.signal && { signal: settings.signal });
    }
  }
}

/**
 * One request to the hub. Statuses that will not change are typed errors (`hub.not-found`, `hub.no-access`,
 * `hub.failed`), others are passing ones.
 *
 * @param path from the endpoint on, with its slash
 * @param what the model or file asked for, named in errors
 * @param init.redirect `manual`: a redirection is the answer, and not followed
 */
export async function request(
  settings: HubSettings,
  path: string,
  what: string,
  init: { method?: 'GET' | 'HEAD'; headers?: Record<string, string>; redirect?: 'manual' } = {},
): Promise<Response> {
  const started = new AbortController();
  const timer = setTimeout(
    () => started.abort(passing(`no answer within ${settings.connectTimeoutMs / 1000} s`)),
    settings.connectTimeoutMs,
  );
  const signals = settings.signal === undefined ? [started.signal] : [started.signal, settings.signal];
  let response: Response;
  try {
    response = await fetch(settings.endpoint + path, {
      ...init,
      headers: {
        'user-agent': 'dpo',
        // Lengths and ranges count the bytes of the file, so it must come as it is.
        'accept-encoding': 'identity',
        ...(settings.token === undefined ? {} : { authorization: `Bearer ${settings.token}` }),
        ...init.headers,
      },
      signal: AbortSignal.any(signals),
    });
  } catch (error) {
    settings.signal?.throwIfAborted();
    if (error instanceof Passing) throw error;
    throw passing(reason(error), error);
  } finally {
    clearTimeout(timer);
  }
  const redirected = init.redirect === 'manual' && response.status >= 300 && response.status < 400;
  if (response.ok || redirected) return response;
  await response.body?.cancel().catch(() => undefined);
  throw refusal(settings, what, response);
}

/** What fetch() says is "fetch failed"; what happened stands in the cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? ('code' in cause && String(cause.code)) || cause.message : String(cause);
}

function refusal(settings: HubSettings, what: string, response: Response): Error {
  const { status } = response;
  const values = { what, status, endpoint: settings.endpoint };
  if (status === 429 || status >= 500) return passing(`the hub answers with status ${status}`);
  if (status === 401 || status === 403) {
    return new DpoError('hub.no-access', `The hub gives no access to ${what} (status ${status}).`, {
      values,
      hint:
        settings.token === undefined
          ? 'Check the name. For a private or gated model set HF_TOKEN to a token that may read it.'
          : 'Check the name, and that the token may read the model and its licence is accepted.',
    });
  }
  if (status === 404) {
    return new DpoError('hub.not-found', `The hub has no ${what}.`, {
      values,
      hint: 'Check the name and the revision.',
    });
  }
  return new DpoError('hub.failed', `The hub answers with status ${status} for ${what}.`, { values });
}
