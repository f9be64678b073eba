import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preferenceDataset } from '../rows/dataset.js';
import { datasets } from './_datasets-for-tests.js';
import { errorOf } from './_error-of-for-tests.js';
import { readPreferences } from './read.js';
import { writePreferences } from './write.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-data-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let places = 0;
const place = (ending: string) => join(folder, `${places++}${ending}`);

describe('compressed Arrow files', () => {
  it.each(['lz4', 'zstd'] as const)('%s: are smaller, and give equal rows again', async (compression) => {
    await fc.assert(
      fc.asyncProperty(datasets, async (pairs) => {
        const path = place('.arrow');
        await writePreferences(pairs, path, { compression });
        const copy = await readPreferences(path);
        expect([...copy]).toEqual([...preferenceDataset(pairs)]);
        expect(copy.fingerprint).toBe(preferenceDataset(pairs).fingerprint);
      }),
      { numRuns: 40 },
    );
    const rows = Array.from({ length: 3000 }, (_, i) => ({
      prompt: `Question ${i}`,
      chosen: 'yes, it is',
      rejected: 'no',
    }));
    const [plain, small] = [place('.arrow'), place('.arrow')];
    await writePreferences(rows, plain);
    await writePreferences(rows, small, { compression });
    expect((await stat(small)).size).toBeLessThan((await stat(plain)).size / 2);
    expect([...(await readPreferences(small))]).toEqual(rows);
  });

  it('have the unpacked length before each buffer, as the format demands', async () => {
    // One buffer of 1000 texts of 24 bytes.
    const rows = Array.from({ length: 1000 }, () => ({ prompt: 'a'.repeat(24), chosen: 'b', rejected: 'c' }));
    const path = place('.arrow');
    await writePreferences(rows, path, { compression: 'lz4' });
    const prefix = Buffer.alloc(8);
    prefix.writeBigInt64LE(24_000n);
    // Behind it an LZ4 frame begins.
    expect((await readFile(path)).includes(Buffer.concat([prefix, Buffer.from([0x04, 0x22, 0x4d, 0x18])]))).toBe(true);
  });

  it('are refused for formats without compression of their own', async () => {
    const rows = [{ prompt: 'p', chosen: 'c', rejected: 'r' }];
    for (const ending of ['.jsonl', '.csv', ''])
      expect((await errorOf(() => writePreferences(rows, place(ending), { compression: 'lz4' }))).code).toBe(
        'data.not-compressible',
      );
  });
});
