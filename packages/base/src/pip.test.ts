import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pipDownload } from './pip.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pip-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A stand-in for Python: a shell script that gets pip's arguments. */
async function python(script: string): Promise<string> {
  const path = join(folder, 'python');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Waits for the process numbers that a script writes to `pids`. */
async function startedPids(): Promise<number[]> {
  return vi.waitFor(async () => {
    const pids = (await readFile(join(folder, 'pids'), 'utf8')).trim().split(/\s+/).map(Number);
    expect(pids[0]).toBeGreaterThan(0);
    return pids;
  }, 20_000);
}

/** Waits until processes have ended. */
async function waitForEnd(pids: readonly number[]): Promise<void> {
  const runs = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      // A zombie has ended, and keeps its number.
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  await vi.waitFor(() => expect(pids.filter(runs)).toEqual([]), 20_000);
}

/** A process for killing runs plain JavaScript: the bundler of vitest makes one file of the sources. */
async function program(): Promise<string> {
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const { build } = await import(pathToFileURL(createRequire(vitest).resolve('vite')).href);
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: fileURLToPath(new URL('_pip-run-for-tests.ts', import.meta.url)),
      outDir: join(folder, 'program'),
      rollupOptions: { output: { entryFileNames: 'run.mjs' } },
    },
  });
  return join(folder, 'program', 'run.mjs');
}

describe('pipDownload', () => {
  it("returns pip's file, and reports progress", async () => {
    const target = join(folder, 'wheels');
    const progress: number[] = [];
    const path = await pipDownload({
      requirement: 'some-package==1.0',
      folder: target,
      options: ['--platform', 'any'],
      onProgress: (bytes) => progress.push(bytes),
      python: await python(
        `for last; do :; done; echo "$*" > ${folder}/arguments; printf abc > "$TMPDIR/part"; sleep 0.8; printf abc > "$last/some_package-1.0-any.whl"`,
      ),
    });
    expect(path).toBe(join(target, 'some_package-1.0-any.whl'));
    expect(await readFile(path, 'utf8')).toBe('abc');
    expect(progress).toContain(3);
    expect(await readdir(target)).toEqual([basename(path)]);
    expect(await readFile(join(folder, 'arguments'), 'utf8')).toContain(
      'pip download some-package==1.0 --no-deps --platform any',
    );
  });

  it.each([
    ['pip.no-pip', 'echo "python: No module named pip" >&2; exit 1'],
    ['pip.no-network', 'echo "WARNING: Retrying: NewConnectionError(...)" >&2; echo "ERROR: No matching" >&2; exit 1'],
    ['pip.failed', 'echo "ERROR: No matching distribution found" >&2; exit 1'],
    ['pip.failed', 'exit 0'],
  ])('fails with %s', async (code, script) => {
    const download = pipDownload({ requirement: 'a==1', folder: join(folder, 'wheels'), python: await python(script) });
    await expect(download).rejects.toMatchObject({ code, message: expect.stringContaining('a==1') });
    expect(await readdir(join(folder, 'wheels'))).toEqual([]);
  });

  it('fails without Python', async () => {
    const download = pipDownload({ requirement: 'a==1', folder, python: join(folder, 'no-python') });
    await expect(download).rejects.toMatchObject({ code: 'pip.no-python' });
  });

  it('stops at a signal, with all processes of pip', async () => {
    const control = new AbortController();
    const download = pipDownload({
      requirement: 'a==1',
      folder: join(folder, 'wheels'),
      python: await python(
        `sleep 30 & echo "$$ $!" > ${folder}/pids.part; mv ${folder}/pids.part ${folder}/pids; wait`,
      ),
      signal: control.signal,
    });
    const pids = await startedPids();
    control.abort();
    await expect(download).rejects.toMatchObject({ name: 'AbortError' });
    await waitForEnd(pids);
    expect(await readdir(join(folder, 'wheels'))).toEqual([]);
  });

  it('ends the processes that pip leaves running', async () => {
    const script = `sleep 90 & echo "$!" > ${folder}/pids; for last; do :; done; printf abc > "$last/a-1-any.whl"`;
    await pipDownload({ requirement: 'a==1', folder: join(folder, 'wheels'), python: await python(script) });
    await waitForEnd(await startedPids());
  });

  it('ends with the process that started pip, even when that process is killed', async () => {
    const run = await python(
      `sleep 30 & echo "$$ $!" > ${folder}/pids.part; mv ${folder}/pids.part ${folder}/pids; exec sleep 30`,
    );
    const child = spawn(process.execPath, [await program(), join(folder, 'wheels'), run], { stdio: 'ignore' });
    const pids = await startedPids();
    child.kill('SIGKILL');
    await waitForEnd(pids);
  });
});
