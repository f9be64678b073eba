import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DpoError, keepSecret, keepSecretsOf } from '@dpo/base';
import { type HubAddress, parseAddress } from './address.js';
import { type HubLimits, hubLimits, type LimitOptions } from './limits.js';

/** A wait for a server. */
export interface Waiting {
  /** The server's name, with the port when the address has one. */
  readonly host: string;
  /** Whole seconds since the wait began. */
  readonly seconds: number;
  /** The purpose: `an answer`, `the next bytes of FILE`, `the next try (2 of 5): …` */
  readonly what: string;
}

/** The hub's address, the token, the cache, and the limits of {@link LimitOptions}. */
export interface HubOptions extends LimitOptions {
  /** The hub's address. Default `HF_ENDPOINT`, or the official hub. A user and a password in the address go to the hub only. */
  readonly endpoint?: string;
  /** For private and gated models. Default `HF_TOKEN`, or the token of `hf auth login`. Goes to the hub's own host only. */
  readonly token?: string;
  /** The cache folder. Default `HF_HUB_CACHE`, or `hub` in `HF_HOME`, or `~/.cache/huggingface/hub`. */
  readonly cache?: string;
  /** True takes files from the cache only. Default `HF_HUB_OFFLINE`, or false. */
  readonly offline?: boolean;
  /** Called every second of a wait. */
  readonly onWaiting?: ((waiting: Waiting) => void) | undefined;
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The environment with `HF_…` and `DPO_HUB_…`. Default the environment of the process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** {@link HubOptions} with all defaults applied. */
export interface HubSettings extends HubLimits {
  readonly address: HubAddress;
  readonly token: string | undefined;
  readonly cache: string;
  readonly offline: boolean;
  readonly onWaiting: ((waiting: Waiting) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The settings, decided as the Python library does: options first, then the environment, then the defaults.
 *
 * @throws DpoError `hub.bad-endpoint`, `hub.bad-token`, `hub.bad-setting`
 */
export async function hubSettings(options: HubOptions): Promise<HubSettings> {
  const env = options.env ?? process.env;
  keepSecretsOf(env);
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const offline = options.offline ?? /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? '');
  return {
    ...hubLimits(options, env),
    address: parseAddress(options.endpoint || env.HF_ENDPOINT || 'https://huggingface.co'),
    token: offline ? undefined : await findToken(options.token, env, home),
    cache: options.cache || env.HF_HUB_CACHE || join(home, 'hub'),
    offline,
    onWaiting: options.onWaiting,
    signal: options.signal,
  };
}

async function findToken(
  option: string | undefined,
  env: NodeJS.ProcessEnv,
  home: string,
): Promise<string | undefined> {
  if (option) return parseToken(option, 'The token');
  if (env.HF_TOKEN) return parseToken(env.HF_TOKEN, 'HF_TOKEN');
  const path = env.HF_TOKEN_PATH || join(home, 'token');
  return parseToken(await readFile(path, 'utf8').catch(() => ''), `The token in ${path}`);
}

/** A token without the blanks around it; undefined for a blank text. @throws DpoError `hub.bad-token` */
function parseToken(text: string, source: string): string | undefined {
  const token = text.trim();
  keepSecret(token);
  // The characters that a header may hold. A token with any other was cut or pasted wrongly.
  if (/^[\x21-\x7e]*$/.test(token)) return token || undefined;
  const what = /[\r\n]/.test(token) ? 'a line break' : /\s/.test(token) ? 'a blank' : 'a letter that no token has';
  throw new DpoError('hub.bad-token', `${source} has ${what} inside, so it cannot be sent to the hub.`, {
    values: { source, length: token.length },
    hint: 'Set it again to the token alone: one line, letters and digits (hf_…).',
  });
}
