import { DpoError } from '@dpo/base';
import { TemporaryFailure } from './retries.js';
import type { HubSettings } from './settings.js';
import { whileWaiting } from './waiting.js';

/** The options of {@link request}. */
export interface RequestOptions {
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD';
  /** Headers besides the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `manual`: a redirection is returned, not followed. Default: followed. */
  readonly redirect?: 'manual';
}

/** The answer to a request. */
export interface Answer {
  readonly response: Response;
  /** The server of the answer. */
  readonly host: string;
  /** The address of the answer. */
  readonly url: URL;
  /** True when the hub redirected the request. */
  readonly redirected: boolean;
}

/**
 * One request to the hub, with its redirections. The token goes to the hub's own host only.
 *
 * @param path the path from the hub's address on, with its slash; or a whole address
 * @param what the model or file, named in errors
 * @throws DpoError for permanent failures: `hub.not-found`, `hub.no-access`, `hub.failed`; TemporaryFailure for others
 */
export async function request(
  settings: HubSettings,
  path: string | URL,
  what: string,
  options: RequestOptions = {},
): Promise<Answer> {
  let url = typeof path === 'string' ? new URL(settings.address.base + path) : path;
  for (let redirects = 0; ; redirects++) {
    const response = await ask(settings, url, options);
    const answer = { response, url, host: url.host, redirected: redirects > 0 };
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      if (options.redirect === 'manual') return answer;
      discard(response);
      url = nextAddress(settings, response, url, what, redirects);
      continue;
    }
    if (response.ok) return answer;
    discard(response);
    throw refusal(settings, what, response, url.host);
  }
}

/** Drops the rest of an answer, and its connection. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

async function ask(settings: HubSettings, url: URL, options: RequestOptions): Promise<Response> {
  const { connectTimeoutMs, signal } = settings;
  const late = new AbortController();
  const { host } = url;
  const timer = setTimeout(
    () => late.abort(new TemporaryFailure(`no answer within ${connectTimeoutMs / 1000} s`, { host })),
    connectTimeoutMs,
  );
  const answer = fetch(url, {
    method: options.method ?? 'GET',
    redirect: 'manual',
    headers: {
      'user-agent': 'dpo',
      // Lengths and ranges count the bytes of the file itself, so the answer must not be compressed.
      'accept-encoding': 'identity',
      ...authorization(settings, url),
      ...options.headers,
    },
    signal: signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]),
  });
  try {
    return await whileWaiting(settings, host, 'an answer', answer);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof TemporaryFailure ? error : new TemporaryFailure(reason(error), { host, cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** The authorization of a request. The login in a mirror's address comes before the token, as in Python. */
function authorization({ address, token }: HubSettings, url: URL): { authorization?: string } {
  if (url.origin !== address.origin) return {};
  if (address.login !== undefined) return { authorization: `Basic ${Buffer.from(address.login).toString('base64')}` };
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function nextAddress(settings: HubSettings, response: Response, from: URL, what: string, redirects: number): URL {
  const location = response.headers.get('location') ?? '';
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (location === '' || next === undefined || !/^https?:$/.test(next.protocol))
    throw notAHub(`${from.host} sends the request for ${what} on to no address.`, { what, host: from.host });
  if (redirects >= settings.maxRedirects)
    throw notAHub(`${from.host} sends the request for ${what} on and on, ${redirects + 1} times.`, {
      what,
      host: from.host,
    });
  // A redirection with a login is an error for fetch().
  next.username = '';
  next.password = '';
  return next;
}

/** The reason of a failure: the message of fetch() is always "fetch failed", and the cause has the reason. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? String(cause.code) : '';
  // The codes of Node's client say less than its messages.
  return code === '' || code.startsWith('UND_ERR') ? cause.message : code;
}

/** The error for a server that does not behave as a model hub. */
export function notAHub(message: string, values: Readonly<Record<string, unknown>>): DpoError {
  return new DpoError('hub.failed', message, { values, hint: 'Is HF_ENDPOINT the address of a model hub?' });
}

function refusal(settings: HubSettings, what: string, response: Response, host: string): Error {
  const { status } = response;
  const values = { what, status, host };
  if (status === 408 || status === 429 || status >= 500)
    return new TemporaryFailure(`it answers with status ${status}`, {
      host,
      status,
      pauseMs: requestedPause(response),
    });
  if (status === 416) return new TemporaryFailure('it does not have the rest of the file', { host, status });
  if (status === 401 || status === 403) {
    const isAnonymous = settings.token === undefined && settings.address.login === undefined;
    return new DpoError('hub.no-access', `${host} gives no access to ${what} (status ${status}).`, {
      values,
      hint: isAnonymous
        ? 'Check the name. For a private or gated model set HF_TOKEN to a token that may read it.'
        : 'Check the name, and that the token may read the model and its licence is accepted.',
    });
  }
  if (status === 404) {
    return new DpoError('hub.not-found', `${host} has no ${what}.`, {
      values,
      hint: 'Check the name and the revision.',
    });
  }
  return new DpoError('hub.failed', `${host} answers with status ${status} for ${what}.`, { values });
}

/** Retry-After in milliseconds: a number of seconds, or a date. */
function requestedPause(response: Response): number | undefined {
  const text = response.headers.get('retry-after') ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const until = Date.parse(text);
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}
