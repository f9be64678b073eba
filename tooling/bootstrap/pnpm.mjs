import { npmCommand } from './process.mjs';
import { manifest } from './root.mjs';

/** The program and arguments that run pnpm of the pinned version: npm fetches pnpm, so that only npm is needed. */
export function pnpmExec(args) {
  const [program, first] = npmCommand();
  return [program, [...first, 'exec', '--yes', `--package=${manifest.packageManager}`, '--', 'pnpm', ...args]];
}

/** Settings for npm and pnpm: no notices, no prompts, and no long wait without a network. */
export function pnpmEnv() {
  const defaults = {
    npm_config_fetch_retries: '2',
    npm_config_fetch_retry_mintimeout: '1000',
    npm_config_fetch_retry_maxtimeout: '5000',
    // Without a terminal pnpm asks before it replaces a node_modules of another kind, unless this is set.
    CI: '1',
  };
  const quiet = { npm_config_loglevel: 'error', npm_config_update_notifier: 'false', npm_config_fund: 'false' };
  return { ...defaults, ...process.env, ...quiet };
}
