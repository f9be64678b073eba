import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DpoError, keepSecret, keepSecretsOf } from '@dpo/base';
import { type HubAddress, parseAddress } from './address.js';
import { type HubLimits, hubLimits, type LimitOptions } from './limits.js';

/** What is waited for, and how long already. */
export interface Waiting {
  /** The server's name, with its port where the address has one. */
  readonly host: string;
  /** Whole seconds since the wait began. */
  readonly seconds: number;
  /** `an answer`, `the next bytes of FILE`, `the next try (2 of 5): …` */
  readonly what: string;
}

/** Where models come from and where they are kept. */
export interface HubOptions extends LimitOptions {
  /** The hub's address; `HF_ENDPOINT`, else the official one. A user and a password in it go to the hub alone. */
  readonly endpoint?: string;
  /** For private and gated models; `HF_TOKEN`, else what `hf auth login` saved. Goes to the hub's own host alone. */
  readonly token?: string;
  /** The cache folder; `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub`. */
  readonly cache?: string;
  /** Only what is in the cache; `HF_HUB_OFFLINE`. */
  readonly offline?: boolean;
  /** Told every second of a wait. */
  readonly onWaiting?: ((waiting: Waiting) => void) | undefined;
  readonly signal?: AbortSignal;
  /** The environment to read `HF_…` and `DPO_HUB_…` from. */
  readonly env?: NodeJS.ProcessEnv;
}

/** {@link HubOptions} with everything decided. */
export interface HubSettings extends HubLimits {
  readonly address: HubAddress;
  readonly token: string | undefined;
  readonly cache: string;
  readonly offline: boolean;
  readonly onWaiting: ((waiting: Waiting) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Decides the settings as the Python library does: options first, then the environment, then its defaults.
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
  if (option) return checkedToken(option, 'The token');
  if (env.HF_TOKEN) return checkedToken(env.HF_TOKEN, 'HF_TOKEN');
  const path = env.HF_TOKEN_PATH || join(home, 'token');
  return checkedToken(await readFile(path, 'utf8').catch(() => ''), `The token in ${path}`);
}

/** A token without the blanks around it; undefined where there are only those. */
function checkedToken(text: string, source: string): string | undefined {
  const token = text.trim();
  keepSecret(token);
  // What a header may hold: a token with anything else was cut or pasted wrongly.
  if (/^[\x21-\x7e]*$/.test(token)) return token || undefined;
  const what = /[\r\n]/.test(token) ? 'a line break' : /\s/.test(token) ? 'a blank' : 'a letter that no token has';
  throw new DpoError('hub.bad-token', `${source} has ${what} inside, so it cannot be sent to the hub.`, {
    values: { source, length: token.length },
    hint: 'Set it again to the token alone: one line, letters and digits (hf_…).',
  });
}
