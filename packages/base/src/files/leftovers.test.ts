import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endedProcess, leftoverOf } from './_processes-for-tests.js';
import { writeFileAtomic, writeFolderAtomic } from './atomic.js';
import { removeLeftovers } from './leftovers.js';
import { writeMark } from './mark.js';
import { leftoverName, removeUnfinished, watchUnfinished } from './unfinished.js';

let folder: string;
const endedPid = endedProcess();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-leftovers-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

describe('removeLeftovers', () => {
  it('removes files and folders of processes that have ended, and no other', async () => {
    await writeFile(leftoverOf(endedPid, at('pairs.arrow')), 'half');
    await mkdir(join(leftoverOf(endedPid, at('final')), 'part'), { recursive: true });
    const own = leftoverName(at('pairs.arrow'));
    await writeFile(own, 'in work');
    const init = leftoverOf(1, at('pairs.arrow')); // process 1 runs, but began at another moment than this one
    await writeFile(init, 'half');
    const elsewhere = leftoverName(at('pairs.arrow')).replace(/-[0-9a-f]{8}(?=\.[0-9a-f]{8}\.partial$)/, '-00000000');
    await writeFile(elsewhere, 'in work on another machine');
    for (const name of ['.notes.partial', '.x.1234.partial', 'pairs.old']) await writeFile(at(name), 'mine');
    await removeLeftovers(folder);
    const remaining = [
      '.notes.partial',
      '.x.1234.partial',
      'pairs.old',
      ...[own, elsewhere].map((path) => path.slice(folder.length + 1)),
    ];
    expect((await readdir(folder)).sort()).toEqual(
      (process.platform === 'linux' ? remaining : [...remaining, init.slice(folder.length + 1)]).sort(),
    );
  });

  it('is done by the next process that writes in the folder', async () => {
    await writeFile(leftoverOf(endedPid, at('other.arrow')), 'half');
    await writeFileAtomic(at('pairs.jsonl'), (path) => writeFile(path, 'x'));
    expect(await readdir(folder)).toEqual(['pairs.jsonl']);
  });

  it('brings a folder back whose replacement was not finished', async () => {
    const aside = leftoverOf(endedPid, at('model'), 'old');
    await mkdir(join(aside, 'model'), { recursive: true });
    await writeFile(join(aside, 'model/weights'), 'old');
    await mkdir(leftoverOf(endedPid, at('model')));
    await removeLeftovers(folder);
    expect(await readdir(folder)).toEqual(['model']);
    expect(await readFile(at('model/weights'), 'utf8')).toBe('old');
  });

  it('removes a folder whose replacement is in place, except for foreign files', async () => {
    const aside = leftoverOf(endedPid, at('model'), 'old');
    await mkdir(join(aside, 'model'), { recursive: true });
    await writeFile(join(aside, 'model/weights'), 'old');
    await writeMark(join(aside, 'model'), { kind: 'model' });
    await writeFile(join(aside, 'model/notes.txt'), 'mine');
    await writeFolderAtomic(at('model'), 'model', (temporary) => writeFile(join(temporary, 'weights'), 'new'));
    expect(await readdir(folder)).toEqual(['model']);
    expect(await readFile(at('model/weights'), 'utf8')).toBe('new');
    expect(await readFile(at('model/notes.txt'), 'utf8')).toBe('mine');
  });
});

it('removes the unfinished files of this process', async () => {
  const paths: string[] = [];
  watchUnfinished((path) => paths.push(path));
  const [file, below] = [leftoverName(join(folder, 'a.jsonl')), leftoverName(join(folder, 'model'))];
  await writeFile(file, 'half');
  await mkdir(below);
  await writeFile(join(below, 'weights'), 'half');
  await writeFile(join(folder, 'mine'), 'whole');
  expect(paths).toEqual([file, below]);
  removeUnfinished();
  expect(await readdir(folder)).toEqual(['mine']);
});
