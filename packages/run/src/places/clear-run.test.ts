import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFolderAtomic, writeMark } from '@dpo/base/files';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clearRun } from './clear-run.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-clear-'));
  for (const name of ['config.json', 'metrics.jsonl', 'skipped-batch-3.jsonl', 'events.out.tfevents.1.host.2'])
    await writeFile(at(name), '{}');
  for (const name of ['notes.txt', 'pairs.arrow']) await writeFile(at(name), 'mine');
  await writeFolderAtomic(at('final'), 'model', (temporary) => writeFile(join(temporary, 'weights'), '1'));
  await writeFolderAtomic(at('checkpoint-2'), 'checkpoint', (temporary) => writeFile(join(temporary, 'weights'), '1'));
  await writeFile(at('checkpoint-2/weights.gguf'), 'mine');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

describe('clearRun', () => {
  it('removes what a training wrote, and nothing else', async () => {
    await writeMark(folder, { kind: 'run', files: [], command: 'train' });
    await clearRun(folder);
    expect((await readdir(folder)).sort()).toEqual(['.dpo.json', 'checkpoint-2', 'notes.txt', 'pairs.arrow']);
    expect((await readdir(at('checkpoint-2'))).sort()).toEqual(['.dpo.json', 'weights.gguf']);
    // The place can be written again.
    await writeFolderAtomic(at('checkpoint-2'), 'checkpoint', (temporary) =>
      writeFile(join(temporary, 'weights'), '2'),
    );
    expect(await readFile(at('checkpoint-2/weights.gguf'), 'utf8')).toBe('mine');
  });

  it('knows what the demo wrote besides', async () => {
    await writeMark(folder, { kind: 'run', files: [], command: 'demo' });
    await clearRun(folder);
    expect((await readdir(folder)).sort()).toEqual(['.dpo.json', 'checkpoint-2', 'notes.txt']);
  });

  it('keeps links, and folders of others under its names', async () => {
    await writeMark(folder, { kind: 'run', files: [], command: 'train' });
    await mkdir(at('checkpoint-9'));
    await writeFile(at('checkpoint-9/thesis.txt'), 'mine');
    await writeFolderAtomic(at('disk'), 'checkpoint', (temporary) => writeFile(join(temporary, 'weights'), '1'));
    await symlink(at('disk'), at('checkpoint-4'));
    await clearRun(folder);
    expect(await readdir(at('checkpoint-9'))).toEqual(['thesis.txt']);
    expect((await lstat(at('checkpoint-4'))).isSymbolicLink()).toBe(true);
    // Emptied, so that the next run can write through the link.
    expect(await readdir(at('disk'))).toEqual([]);
    await writeFolderAtomic(at('checkpoint-4'), 'checkpoint', (temporary) =>
      writeFile(join(temporary, 'weights'), '2'),
    );
    expect(await readFile(at('disk/weights'), 'utf8')).toBe('2');
  });

  it('removes links in the place of files, and leaves the files that they lead to', async () => {
    await writeMark(folder, { kind: 'run', files: [], command: 'train' });
    for (const name of ['metrics.jsonl', 'report.html']) {
      await rm(at(name), { force: true });
      await symlink(at('notes.txt'), at(name));
    }
    await symlink(at('nowhere'), at('evaluation.json'));
    await clearRun(folder);
    expect((await readdir(folder)).sort()).toEqual(['.dpo.json', 'checkpoint-2', 'notes.txt', 'pairs.arrow']);
    expect(await readFile(at('notes.txt'), 'utf8')).toBe('mine');
  });
});
