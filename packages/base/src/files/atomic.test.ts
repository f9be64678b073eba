import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DpoError } from '../error.js';
import { asFileError } from '../file-error.js';
import { writeFileAtomic, writeFolderAtomic } from './atomic.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-base-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const text = (content: string) => (temporary: string) => writeFile(temporary, content);
const folderWith = (name: string, content: string) => (temporary: string) => writeFile(join(temporary, name), content);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (DpoError.is(error) ? error.code : String(error)),
  );

describe('writeFileAtomic', () => {
  it('replaces a file, making the folders above it', async () => {
    await writeFileAtomic(at('a/b.txt'), text('one'));
    await writeFileAtomic(at('a/b.txt'), text('two'));
    expect(await readFile(at('a/b.txt'), 'utf8')).toBe('two');
    expect(await readdir(at('a'))).toEqual(['b.txt']);
  });

  it('leaves the old file and nothing else when writing fails', async () => {
    await writeFile(at('b.txt'), 'old');
    const failing = writeFileAtomic(at('b.txt'), async (temporary) => {
      await writeFile(temporary, 'half');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(await readFile(at('b.txt'), 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['b.txt']);
  });

  it('replaces no folder, whether it exists before or appears while the file is written', async () => {
    await mkdir(at('thesis'));
    await writeFile(at('thesis/chapter.txt'), 'years of work');
    await symlink(at('thesis'), at('link'));
    for (const name of ['thesis', 'thesis/', 'link'])
      expect(await codeOf(writeFileAtomic(at(name), text('x')))).toBe('file.not-a-file');
    const late = writeFileAtomic(at('late'), async (temporary) => {
      await writeFile(temporary, 'x');
      await mkdir(at('late'));
    });
    expect(await codeOf(late)).toBe('file.not-a-file');
    expect((await readdir(folder)).sort()).toEqual(['late', 'link', 'thesis']);
    expect(await readFile(at('link/chapter.txt'), 'utf8')).toBe('years of work');
  });

  it('keeps a link and writes the file that it leads to', async () => {
    await mkdir(at('disk'));
    await writeFile(at('disk/file'), 'old');
    await symlink(at('disk/file'), at('link'));
    await writeFileAtomic(at('link'), text('new'));
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(true);
    expect(await readFile(at('disk/file'), 'utf8')).toBe('new');
    expect(await readdir(at('disk'))).toEqual(['file']);
    await symlink(at('nowhere'), at('broken'));
    expect(await codeOf(writeFileAtomic(at('broken'), text('x')))).toBe('file.broken-link');
  });

  it.skipIf(process.platform === 'win32')('replaces no device and no socket', async () => {
    expect(await codeOf(writeFileAtomic('/dev/null', text('x')))).toBe('file.not-a-file');
    expect((await lstat('/dev/null')).isCharacterDevice()).toBe(true);
    const server = createServer().listen(at('socket'));
    await once(server, 'listening');
    await symlink(at('socket'), at('link'));
    for (const name of ['socket', 'link'])
      expect(await codeOf(writeFileAtomic(at(name), text('x')))).toBe('file.not-a-file');
    expect((await lstat(at('socket'))).isSocket()).toBe(true);
    server.close();
  });

  it('takes names that leave no room for a longer one', async () => {
    const name = `${'é'.repeat(125)}.txt`; // 254 bytes
    await writeFileAtomic(at(name), text('x'));
    expect(await readdir(folder)).toEqual([name]);
    expect(await codeOf(writeFileAtomic(at('n'.repeat(300)), text('x')))).toBe('file.bad-name');
  });
});

describe('writeFolderAtomic', () => {
  it('replaces an empty folder and a folder of its own kind, and no other', async () => {
    await mkdir(at('model'));
    await writeFolderAtomic(at('model'), 'model', folderWith('one', '1'));
    await writeFolderAtomic(at('model/'), 'model', folderWith('two', '2'));
    expect((await readdir(at('model'))).sort()).toEqual(['.dpo.json', 'two']);
    expect(JSON.parse(await readFile(at('model/.dpo.json'), 'utf8'))).toEqual({
      writtenBy: 'dpo',
      kind: 'model',
      files: ['two'],
    });
    expect(await codeOf(writeFolderAtomic(at('model'), 'dataset', folderWith('x', '')))).toBe('file.not-ours');
    await mkdir(at('thesis'));
    await writeFile(at('thesis/chapter.txt'), 'years of work');
    expect(await codeOf(writeFolderAtomic(at('thesis'), 'model', folderWith('x', '')))).toBe('file.not-ours');
    await writeFile(at('file'), 'x');
    expect(await codeOf(writeFolderAtomic(at('file'), 'model', folderWith('x', '')))).toBe('file.not-a-folder');
    expect((await readdir(folder)).sort()).toEqual(['file', 'model', 'thesis']);
    expect(await readdir(at('model'))).toContain('two');
    expect(await readdir(at('thesis'))).toEqual(['chapter.txt']);
  });

  it('moves files of other origin into the new folder', async () => {
    await writeFolderAtomic(at('model'), 'model', folderWith('weights', '1'));
    await mkdir(at('model/mine'));
    await writeFile(at('model/mine/notes.txt'), 'kept');
    await writeFile(at('model/later'), 'mine');
    await writeFolderAtomic(at('model'), 'model', folderWith('later', '2'));
    const names = (await readdir(at('model'))).sort();
    expect(names).toEqual(['.dpo.json', 'later', expect.stringMatching(/^later\.[0-9a-f]{8}\.old$/), 'mine']);
    expect(await readFile(at('model/mine/notes.txt'), 'utf8')).toBe('kept');
    expect(await readFile(at('model/later'), 'utf8')).toBe('2');
    expect(await readFile(at(`model/${names[2]}`), 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('keeps a link and replaces the folder that it leads to', async () => {
    await mkdir(at('disk/model'), { recursive: true });
    await symlink(at('disk/model'), at('link'));
    await writeFolderAtomic(at('link'), 'model', folderWith('one', '1'));
    await writeFolderAtomic(at('link'), 'model', folderWith('two', '2'));
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(true);
    expect((await readdir(at('disk/model'))).sort()).toEqual(['.dpo.json', 'two']);
    expect(await readdir(at('disk'))).toEqual(['model']);
  });

  it('leaves the old folder when writing fails', async () => {
    await writeFolderAtomic(at('model'), 'model', folderWith('one', '1'));
    const failing = writeFolderAtomic(at('model'), 'model', () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(await readFile(at('model/one'), 'utf8')).toBe('1');
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('fails with the name of the place, never with the temporary name', async () => {
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    const failing = writeFolderAtomic(at('model/'), 'model', (temporary) =>
      writeFileAtomic(join(temporary, 'weights'), async (file) => {
        await writeFile(file, 'half');
        throw asFileError(full, file);
      }),
    );
    await expect(failing).rejects.toMatchObject({
      code: 'file.disk-full',
      message: `${at('model/weights')} cannot be written: the disk is full.`,
      values: { path: at('model/weights'), system: 'ENOSPC' },
      hint: expect.stringContaining('Free some space'),
      cause: full,
    });
  });
});
