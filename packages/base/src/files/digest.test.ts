import { createHash } from 'node:crypto';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fileDigest } from './digest.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-digest-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const MIB = 1 << 20;

it.each([0, 1, MIB - 1, MIB, 3 * MIB + 5])('is the SHA-256 of all of %i bytes', async (bytes) => {
  const path = join(folder, `of-${bytes}`);
  const content = Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) % 251));
  await writeFile(path, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(await fileDigest(path)).toEqual({ bytes, sha256 });
});

it('changes with one bit, even when size and dates stay, and not with another date', async () => {
  const path = join(folder, 'same');
  const content = Buffer.alloc(2 * MIB + 100, 1);
  const write = async (date: Date) => {
    await writeFile(path, content);
    await utimes(path, date, date);
    return fileDigest(path);
  };
  const before = await write(new Date(1e12));
  expect(await write(new Date(2e12))).toEqual(before);
  content[MIB + 77] = 3;
  const after = await write(new Date(1e12));
  expect(after.bytes).toBe(before.bytes);
  expect(after.sha256).not.toBe(before.sha256);
});

it('names a missing file, and stops at a signal', async () => {
  await expect(fileDigest(join(folder, 'none'))).rejects.toMatchObject({ code: 'file.not-found' });
  const path = join(folder, 'long');
  await writeFile(path, Buffer.alloc(MIB));
  await expect(fileDigest(path, AbortSignal.abort())).rejects.toThrow(/abort/i);
});
