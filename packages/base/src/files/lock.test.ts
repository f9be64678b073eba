import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endedProcess } from './_processes-for-tests.js';
import { lockFolder } from './lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = () => join(folder, 'runs/first');
const file = () => join(run(), '.dpo.lock');
type Claim = Readonly<Record<'id' | 'owner', string>>;

/** Writes a lock of another process: the lock of this process with changes. */
async function writeStaleLock(changes: (claim: Claim) => object): Promise<void> {
  const lock = await lockFolder(run(), 'dpo train');
  const claim = JSON.parse(await readFile(file(), 'utf8')) as Claim;
  await lock.release();
  await mkdir(run(), { recursive: true });
  await writeFile(file(), JSON.stringify({ ...claim, ...changes(claim) }));
}

describe('lockFolder', () => {
  it('names the owner to a second process, and leaves no file', async () => {
    const lock = await lockFolder(run(), 'dpo train');
    const second = await lockFolder(run(), 'dpo sft').catch((error: unknown) => error);
    expect(second).toMatchObject({ code: 'file.locked', values: { pid: process.pid, host: hostname() } });
    expect(String(second)).toMatch(
      new RegExp(`is in use by process ${process.pid} on ${hostname()}: dpo train, since \\d{4}-`),
    );
    expect(await readdir(run())).toEqual(['.dpo.lock']);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await (await lockFolder(run(), 'dpo sft')).release();
  });

  it('keeps folders that have got a file, and folders that existed before', async () => {
    const lock = await lockFolder(run(), 'dpo train');
    await writeFile(join(run(), 'metrics.jsonl'), '');
    await lock.release();
    expect(await readdir(run())).toEqual(['metrics.jsonl']);
  });

  it('is refused when its file is damaged, or is no file', async () => {
    const damages: readonly ((path: string) => Promise<unknown>)[] = [
      (path) => writeFile(path, ''),
      (path) => writeFile(path, Buffer.from([0, 255, 1])),
      (path) => writeFile(path, '{"id": 3}'),
      (path) => mkdir(path),
      (path) => symlink(join(folder, 'nowhere'), path),
    ];
    for (const damage of damages) {
      await mkdir(run(), { recursive: true });
      await damage(file());
      await expect(lockFolder(run(), 'dpo train')).rejects.toMatchObject({
        code: 'file.locked',
        message: `${run()} has a lock that cannot be read: ${file()}.`,
      });
      expect(await readdir(run())).toEqual(['.dpo.lock']);
      await rm(file(), { recursive: true });
    }
  });

  it('is free when its process has ended, even when another process has the number', async () => {
    const endedPid = endedProcess();
    await writeStaleLock(({ owner }) => ({ owner: owner.replace(/^\d+/, String(endedPid)) }));
    await (await lockFolder(run(), 'dpo train')).release();
    if (process.platform !== 'linux') return;
    // The number of this process, with another start.
    await writeStaleLock(({ owner }) => ({ owner: owner.replace(/-[0-9a-f]{8}-/, '-0badcafe-') }));
    await (await lockFolder(run(), 'dpo train')).release();
    expect(await readdir(run())).toEqual([]);
  });

  it('is not free while a process elsewhere shows signs of life', async () => {
    await writeStaleLock(({ owner }) => ({ owner: owner.replace(/[0-9a-f]{8}$/, '00000000'), host: 'other', pid: 7 }));
    await expect(lockFolder(run(), 'dpo train')).rejects.toMatchObject({
      message: expect.stringContaining('in use by process 7 on other'),
      hint: expect.stringContaining(`remove ${file()}`),
    });
    const before = new Date(Date.now() - 60 * 60_000);
    await utimes(file(), before, before);
    await (await lockFolder(run(), 'dpo train')).release();
  });

  it('is taken over by one of many processes', async () => {
    const endedPid = endedProcess();
    await writeStaleLock(({ owner }) => ({ owner: owner.replace(/^\d+/, String(endedPid)) }));
    // The file of a process that was killed while it took the lock over.
    const claim = JSON.parse(await readFile(file(), 'utf8')) as Claim;
    await writeFile(`${file()}.${claim.id}`, JSON.stringify({ ...claim, id: 'feed' }));
    const tries = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => lockFolder(run(), `dpo try ${i}`)));
    const locks = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const errorCodes = tries.flatMap((each) =>
      each.status === 'rejected' ? [(each.reason as { code: string }).code] : [],
    );
    expect(locks).toHaveLength(1);
    expect(new Set(errorCodes)).toEqual(new Set(['file.locked']));
    expect(await readdir(run())).toEqual(['.dpo.lock']);
    await locks[0]?.release();
  });

  it('is refused while its process lives', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    try {
      await writeStaleLock(({ owner }) => ({ owner: owner.replace(/^\d+-[0-9a-f]{8}/, `${child.pid}-00000000`) }));
      await expect(lockFolder(run(), 'dpo train')).rejects.toMatchObject({ code: 'file.locked' });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await (await lockFolder(run(), 'dpo train')).release();
  });
});
