import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from './make-folder.js';
import { proveWritable } from './prove-writable.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('makeFolder and proveWritable', () => {
  it('create missing folders, or no folder', async () => {
    expect(await makeFolder(join(folder, 'a/b/c'))).toEqual(['a', 'a/b', 'a/b/c'].map((name) => join(folder, name)));
    expect(await makeFolder(join(folder, 'a/b'))).toEqual([]);
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(folder, 'x/y/z'))));
    await proveWritable(join(folder, 'new/one'));
    await proveWritable(join(folder, 'a'));
    expect((await readdir(folder)).sort()).toEqual(['a', 'x']);
  });

  it('name the obstacle', async () => {
    await writeFile(join(folder, 'file'), '');
    const places = [join(folder, 'file/a/b'), join(folder, 'file'), join(folder, 'n'.repeat(300), 'b')];
    for (const work of [makeFolder, proveWritable]) {
      for (const place of places.slice(0, 2))
        await expect(work(place)).rejects.toMatchObject({ code: 'file.not-a-folder' });
      await expect(work(places[2] as string)).rejects.toMatchObject({ code: 'file.bad-name' });
    }
  });

  // Node's recursive mkdir never returns there.
  it.skipIf(process.platform !== 'linux')('return from places that take no folder', async () => {
    for (const work of [makeFolder, proveWritable])
      await expect(work('/proc/none/a/b')).rejects.toMatchObject({
        code: 'file.cannot-make',
        message: '/proc/none cannot be made: /proc takes no files or folders.',
      });
  });
});
