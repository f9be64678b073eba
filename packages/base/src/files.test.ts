import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomic, writeFolderAtomic } from './files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-base-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeFileAtomic', () => {
  it('replaces a file, making the folders above it', async () => {
    const path = join(folder, 'a', 'b.txt');
    await writeFileAtomic(path, (temporary) => writeFile(temporary, 'one'));
    await writeFileAtomic(path, (temporary) => writeFile(temporary, 'two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(folder, 'a'))).toEqual(['b.txt']);
  });

  it('leaves the old file and nothing else when writing fails', async () => {
    const path = join(folder, 'b.txt');
    await writeFile(path, 'old');
    const failing = writeFileAtomic(path, async (temporary) => {
      await writeFile(temporary, 'half');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['b.txt']);
  });
});

describe('writeFolderAtomic', () => {
  it('replaces a whole folder', async () => {
    const path = join(folder, 'model');
    await mkdir(path);
    await writeFile(join(path, 'stale'), '');
    await writeFolderAtomic(path, (temporary) => writeFile(join(temporary, 'fresh'), 'x'));
    expect(await readdir(path)).toEqual(['fresh']);
    expect(await readdir(folder)).toEqual(['model']);
  });
});
