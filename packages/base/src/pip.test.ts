import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pipDownload } from './pip.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pip-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A stand-in for Python: a shell script that sees pip's arguments. */
async function python(script: string): Promise<string> {
  const path = join(folder, 'python');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('pipDownload', () => {
  it('gives the file that pip fetched, and what arrives meanwhile', async () => {
    const target = join(folder, 'wheels');
    const seen: number[] = [];
    const path = await pipDownload({
      requirement: 'some-package==1.0',
      folder: target,
      options: ['--platform', 'any'],
      onProgress: (bytes) => seen.push(bytes),
      python: await python(
        `for last; do :; done; echo "$*" > ${folder}/arguments; printf abc > "$TMPDIR/part"; sleep 0.8; printf abc > "$last/some_package-1.0-any.whl"`,
      ),
    });
    expect(path).toBe(join(target, 'some_package-1.0-any.whl'));
    expect(await readFile(path, 'utf8')).toBe('abc');
    expect(seen).toContain(3);
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
  ])('says %s', async (code, script) => {
    const fetched = pipDownload({ requirement: 'a==1', folder: join(folder, 'wheels'), python: await python(script) });
    await expect(fetched).rejects.toMatchObject({ code, message: expect.stringContaining('a==1') });
    expect(await readdir(join(folder, 'wheels'))).toEqual([]);
  });

  it('says when there is no Python', async () => {
    const fetched = pipDownload({ requirement: 'a==1', folder, python: join(folder, 'no-python') });
    await expect(fetched).rejects.toMatchObject({ code: 'pip.no-python' });
  });

  it('stops when asked', async () => {
    const control = new AbortController();
    const fetched = pipDownload({
      requirement: 'a==1',
      folder,
      python: await python('exec sleep 30'),
      signal: control.signal,
    });
    setTimeout(() => control.abort(), 100);
    await expect(fetched).rejects.toMatchObject({ name: 'AbortError' });
  });
});
