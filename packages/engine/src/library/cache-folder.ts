import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of downloads: `$XDG_CACHE_HOME/dpo`, or `dpo` in the platform's own folder for caches. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'dpo');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'dpo');
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'dpo');
  return join(homedir(), '.cache', 'dpo');
}
