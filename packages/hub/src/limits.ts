import { DpoError } from '@dpo/base';

/** Limits of time and size. Most have an environment variable. The defaults suit slow networks. */
export interface LimitOptions {
  /** The longest wait for the beginning of an answer, for each request. Default 10 s; `HF_HUB_ETAG_TIMEOUT` in seconds. */
  readonly connectTimeoutMs?: number;
  /** The longest wait for the next bytes of a file or a list. Default 30 s; `HF_HUB_DOWNLOAD_TIMEOUT` in seconds. */
  readonly idleTimeoutMs?: number;
  /** A connection that is slower for {@link idleTimeoutMs} counts as broken. Default 1000; `DPO_HUB_MIN_SPEED`. */
  readonly minBytesPerSecond?: number;
  /** The longest time for the list of a repository's files, all tries included. Default 60 s; `DPO_HUB_LIST_TIMEOUT` in seconds. */
  readonly listTimeoutMs?: number;
  /** The largest size of the list in bytes. Default 64 MiB; `DPO_HUB_MAX_LIST_BYTES`. */
  readonly maxListBytes?: number;
  /** The largest number of the list's pages. Default 1000; `DPO_HUB_MAX_PAGES`. */
  readonly maxPages?: number;
  /** The number of tries without progress. Default 5; `DPO_HUB_TRIES`. */
  readonly tries?: number;
  /** The longest pause before the second try. A pause is a random part of it, and it doubles with each try. Default 500 ms. */
  readonly retryDelayMs?: number;
  /** The longest pause, even when the server asks for a longer one. Default 30 s; `DPO_HUB_MAX_PAUSE` in seconds. */
  readonly maxPauseMs?: number;
  /** The largest number of redirections of a request. Default 10. */
  readonly maxRedirects?: number;
}

/** {@link LimitOptions} with all defaults applied. */
export type HubLimits = Readonly<Required<LimitOptions>>;

interface Limit {
  readonly fallback: number;
  readonly variable?: string;
  /** The option's value for 1 in the variable: variables are in seconds, options in milliseconds. */
  readonly unit?: number;
  readonly least?: number;
}

const limits: Readonly<Record<keyof HubLimits, Limit>> = {
  connectTimeoutMs: { fallback: 10_000, variable: 'HF_HUB_ETAG_TIMEOUT', unit: 1000 },
  idleTimeoutMs: { fallback: 30_000, variable: 'HF_HUB_DOWNLOAD_TIMEOUT', unit: 1000 },
  minBytesPerSecond: { fallback: 1000, variable: 'DPO_HUB_MIN_SPEED', least: 0 },
  listTimeoutMs: { fallback: 60_000, variable: 'DPO_HUB_LIST_TIMEOUT', unit: 1000 },
  maxListBytes: { fallback: 64 * 2 ** 20, variable: 'DPO_HUB_MAX_LIST_BYTES' },
  maxPages: { fallback: 1000, variable: 'DPO_HUB_MAX_PAGES' },
  tries: { fallback: 5, variable: 'DPO_HUB_TRIES' },
  retryDelayMs: { fallback: 500 },
  maxPauseMs: { fallback: 30_000, variable: 'DPO_HUB_MAX_PAUSE', unit: 1000, least: 0 },
  maxRedirects: { fallback: 10 },
};

/** The longest time of a timer in Node. */
const longestMs = 2 ** 31 - 1;

/**
 * The limits: options first, then the environment, then the defaults.
 *
 * @throws DpoError `hub.bad-setting` for a variable that is not a number above zero
 */
export function hubLimits(options: LimitOptions, env: NodeJS.ProcessEnv): HubLimits {
  const decide = (name: keyof HubLimits): number =>
    Math.min(options[name] ?? fromEnvironment(limits[name], env) ?? limits[name].fallback, longestMs);
  return {
    connectTimeoutMs: decide('connectTimeoutMs'),
    idleTimeoutMs: decide('idleTimeoutMs'),
    minBytesPerSecond: decide('minBytesPerSecond'),
    listTimeoutMs: decide('listTimeoutMs'),
    maxListBytes: decide('maxListBytes'),
    maxPages: decide('maxPages'),
    tries: decide('tries'),
    retryDelayMs: decide('retryDelayMs'),
    maxPauseMs: decide('maxPauseMs'),
    maxRedirects: decide('maxRedirects'),
  };
}

function fromEnvironment({ variable, unit = 1, least = Number.MIN_VALUE }: Limit, env: NodeJS.ProcessEnv) {
  const text = variable === undefined ? undefined : env[variable];
  if (variable === undefined || text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  if (value >= least && value < Number.POSITIVE_INFINITY) return value * unit;
  throw new DpoError('hub.bad-setting', `${variable} is ${JSON.stringify(text)}, and must be a number above 0.`, {
    values: { variable, value: text },
    hint: `Set ${variable} to a number, or unset it.`,
  });
}
