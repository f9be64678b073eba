import { DpoError } from '@dpo/base';

/** How long and how much is waited for; each has an environment variable, and a default that suits slow networks. */
export interface LimitOptions {
  /** How long an answer may take to begin, for each request. 10 s; `HF_HUB_ETAG_TIMEOUT` in seconds. */
  readonly connectTimeoutMs?: number;
  /** How long nothing may come of a file or a list. 30 s; `HF_HUB_DOWNLOAD_TIMEOUT` in seconds. */
  readonly idleTimeoutMs?: number;
  /** A connection that brings less for so long as {@link idleTimeoutMs} counts as broken. 1000; `DPO_HUB_MIN_SPEED`. */
  readonly minBytesPerSecond?: number;
  /** How long the list of a repository's files may take in all, tries included. 60 s; `DPO_HUB_LIST_TIMEOUT` in seconds. */
  readonly listTimeoutMs?: number;
  /** How long that list may be. 64 MiB; `DPO_HUB_MAX_LIST_BYTES`. */
  readonly maxListBytes?: number;
  /** How many pages that list may have. 1000; `DPO_HUB_MAX_PAGES`. */
  readonly maxPages?: number;
  /** How often a request is tried without getting on. 5; `DPO_HUB_TRIES`. */
  readonly tries?: number;
  /** The longest pause before the second try, of which a random part is taken; doubles for each further one. 500 ms. */
  readonly retryDelayMs?: number;
  /** The longest pause, whatever the server asks for. 30 s; `DPO_HUB_MAX_PAUSE` in seconds. */
  readonly maxPauseMs?: number;
  /** How often a request is sent elsewhere. 10. */
  readonly maxRedirects?: number;
}

/** {@link LimitOptions} with everything decided. */
export type HubLimits = Readonly<Required<LimitOptions>>;

interface Limit {
  readonly fallback: number;
  readonly variable?: string;
  /** What one unit of the variable is in units of the option: seconds are given, milliseconds counted. */
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

/** The longest time that a timer of Node takes. */
const longestMs = 2 ** 31 - 1;

/**
 * The limits: options first, then the environment, then the defaults.
 *
 * @throws DpoError `hub.bad-setting` for a variable that is no number, or none above zero
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
  throw new DpoError('hub.bad-setting', `${variable} is ${JSON.stringify(text)}, where a number above 0 is needed.`, {
    values: { variable, value: text },
    hint: `Set ${variable} to a number, or unset it.`,
  });
}
