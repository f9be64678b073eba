import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DpoError } from './error.js';
import { openZip } from './unzip.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zip-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const place = (): string => join(folder, String(count++));

/** A zip archive, written after the format's description. */
function zip(
  files: Record<string, { content: Uint8Array; deflate: boolean }>,
  options: { wide?: boolean } = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, { content, deflate }] of Object.entries(files)) {
    const data = deflate ? deflateRawSync(content) : Buffer.from(content);
    const title = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(title.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(deflate ? 8 : 0, 10);
    central.writeUInt32LE(crc32(content), 16);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(options.wide ? 0xffffffff : content.length, 24);
    central.writeUInt16LE(title.length, 28);
    central.writeUInt32LE(offset, 42);
    const extra = Buffer.alloc(options.wide ? 12 : 0);
    if (options.wide) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(8, 2);
      extra.writeBigUInt64LE(BigInt(content.length), 4);
      central.writeUInt16LE(12, 30);
    }
    parts.push(local, title, data);
    directory.push(central, title, extra);
    offset += 30 + title.length + data.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}

const hello = Buffer.from('hello '.repeat(1000));

describe('openZip', () => {
  it.each([
    ['stored', false, {}],
    ['deflated', true, {}],
    ['with 64-bit sizes', true, { wide: true }],
  ])('extracts files %s', async (_, deflate, options) => {
    const path = place();
    await writeFile(
      path,
      zip({ 'a/b.txt': { content: hello, deflate }, empty: { content: new Uint8Array(0), deflate } }, options),
    );
    const archive = await openZip(path);
    expect(archive.entries.get('a/b.txt')).toMatchObject({ size: 6000 });
    const progress: number[] = [];
    const target = place();
    await archive.extract('a/b.txt', target, { onProgress: (bytes) => progress.push(bytes) });
    expect(await readFile(target)).toEqual(hello);
    expect(progress.at(-1)).toBe(6000);
    await archive.extract('empty', place());
    await expect(archive.extract('none', place())).rejects.toMatchObject({ code: 'zip.damaged' });
    await archive.close();
  });

  it('gives a typed error or the true content, whatever is damaged', async () => {
    const whole = zip({ file: { content: hello, deflate: true } });
    const path = place();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(255),
        fc.option(fc.nat(whole.length)),
        async (at, value, length) => {
          const bytes = Buffer.from(whole);
          bytes[at] = value;
          await writeFile(path, bytes.subarray(0, length ?? bytes.length));
          const target = place();
          try {
            const archive = await openZip(path);
            try {
              for (const name of archive.entries.keys()) {
                await archive.extract(name, target);
                expect(await readFile(target)).toEqual(hello);
              }
            } finally {
              await archive.close();
            }
          } catch (error) {
            expect(DpoError.is(error), String(error)).toBe(true);
          } finally {
            await rm(target, { force: true });
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('stops at a signal', async () => {
    const path = place();
    await writeFile(path, zip({ file: { content: hello, deflate: true } }));
    const archive = await openZip(path);
    const extraction = archive.extract('file', place(), { signal: AbortSignal.abort() });
    await expect(extraction).rejects.toMatchObject({ name: 'AbortError' });
    await archive.close();
  });
});
