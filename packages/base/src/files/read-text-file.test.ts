import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from './lock.js';
import { readMark } from './mark.js';
import { readTextFile } from './read-text-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-read-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('readTextFile', () => {
  it('reads a file, and passes errors of the system on unchanged', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'naïve');
    expect(await readTextFile(path)).toBe('naïve');
    await expect(readTextFile(join(folder, 'b'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readTextFile(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe and no device', async () => {
    await expect(readTextFile('/dev/zero')).rejects.toMatchObject({ code: 'file.not-a-file' });
    for (const name of ['pipe', '.dpo.json', '.dpo.lock'])
      execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, name)]);
    await expect(readTextFile(join(folder, 'pipe'))).rejects.toMatchObject({ code: 'file.not-a-file' });
    await expect(readMark(folder)).rejects.toMatchObject({ code: 'file.not-a-file' });
    await expect(lockFolder(folder, 'dpo train')).rejects.toMatchObject({ code: 'file.locked' });
  });
});
