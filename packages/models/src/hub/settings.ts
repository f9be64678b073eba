import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where models come from and where they are kept. */
export interface HubOptions {
  /** The hub's address; `HF_ENDPOINT`, else the official one. */
  readonly endpoint?: string;
  /** For private and gated models; `HF_TOKEN`, else what `hf auth login` saved. */
  readonly token?: string;
  /** The cache folder; `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub`. */
  readonly cache?: string;
  /** Only what is in the cache; `HF_HUB_OFFLINE`. */
  readonly offline?: boolean;
  /** How long an answer may take to begin, for each request. 10 s. */
  readonly connectTimeoutMs?: number;
  /** The pause before the second try; it doubles for each further one. 500 ms. */
  readonly retryDelayMs?: number;
  /** How often a request is tried. 5. */
  readonly tries?: number;
  readonly signal?: AbortSignal;
  /** The environment to read `HF_…` from. */
  readonly env?: NodeJS.ProcessEnv;
}

/** {@link HubOptions} with everything decided. */
export interface HubSettings {
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly cache: string;
  readonly offline: boolean;
  readonly connectTimeoutMs: number;
  readonly retryDelayMs: number;
  readonly tries: number;
  readonly signal: AbortSignal | undefined;
}

/** Decides the settings as the Python library does: options first, then the environment, then its defaults. */
export async function hubSettings(options: HubOptions): Promise<HubSettings> {
  const env = options.env ?? process.env;
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  return {
    endpoint: (options.endpoint || env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, ''),
    token: options.token || env.HF_TOKEN || (await savedToken(env.HF_TOKEN_PATH || join(home, 'token'))),
    cache: options.cache || env.HF_HUB_CACHE || join(home, 'hub'),
    offline: options.offline ?? /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    retryDelayMs: options.retryDelayMs ?? 500,
    tries: options.tries ?? 5,
    signal: options.signal,
  };
}

async function savedToken(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}
