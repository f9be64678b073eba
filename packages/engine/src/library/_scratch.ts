import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const prefix = '.install-';

/** After so long without a change, the scratch folder of another machine (a shared cache) counts as left behind. */
const staleMs = 6 * 60 * 60 * 1000;

/** A name for this machine that can stand in a file's. */
function machineName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9.]/g, '_');
}

/** Makes a folder for one installation; its name says whose it is. */
export async function makeScratch(cache: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  return mkdtemp(join(cache, `${prefix}${machineName()}-${process.pid}-`));
}

/** Removes scratch folders whose process is gone: what killed installations left behind. */
export async function removeLeftScratch(cache: string): Promise<void> {
  for (const name of await readdir(cache).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const path = join(cache, name);
    if (await isLeft(name, path)) await rm(path, { recursive: true, force: true, maxRetries: 2 });
  }
}

async function isLeft(name: string, path: string): Promise<boolean> {
  const [machine, pid] = name.slice(prefix.length).split('-');
  if (machine === machineName() && !isAlive(Number(pid))) return true;
  return Date.now() - (await lastChange(path)) > staleMs;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The newest modification time in a folder. */
async function lastChange(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
