import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMark, removeOwn, writeMark } from './mark.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-mark-'));
  await mkdir(join(folder, 'checkpoint/part'), { recursive: true });
  await writeFile(join(folder, 'checkpoint/part/weights'), '1');
  await writeFile(join(folder, 'outside'), 'mine');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const own = () => join(folder, 'checkpoint');

describe('removeOwn', () => {
  it('removes a marked folder', async () => {
    await writeMark(own(), { kind: 'checkpoint' });
    await removeOwn(own());
    expect(await readdir(folder)).toEqual(['outside']);
  });

  it('keeps foreign files, and the mark beside them', async () => {
    await writeMark(own(), { kind: 'checkpoint' });
    await writeFile(join(own(), 'notes.txt'), 'mine');
    await removeOwn(own());
    expect((await readdir(own())).sort()).toEqual(['.dpo.json', 'notes.txt']);
    expect(await readMark(own())).toEqual({ writtenBy: 'dpo', kind: 'checkpoint', files: [] });
  });

  it('keeps a folder without a mark, or with a damaged mark', async () => {
    await removeOwn(own());
    await writeFile(join(own(), '.dpo.json'), '{"writtenBy": "dp');
    await removeOwn(own());
    expect(await readdir(join(own(), 'part'))).toEqual(['weights']);
  });

  it('never goes out of the folder, whatever the mark lists', async () => {
    await writeMark(own(), { kind: 'checkpoint', files: ['../outside', 'part/weights'] });
    await writeFile(join(own(), 'notes.txt'), 'mine');
    await removeOwn(own());
    expect((await readdir(folder)).sort()).toEqual(['checkpoint', 'outside']);
    expect((await readdir(own())).sort()).toEqual(['.dpo.json', 'notes.txt']);
  });
});
