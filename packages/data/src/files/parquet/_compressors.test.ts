import { Zstd } from '@hpcc-js/wasm-zstd';
import { expect, it } from 'vitest';
import { boundedCompressors } from './_compressors.js';
import { checkCounts } from './_groups.js';

it('unpacks whole pages, and refuses pages that claim to be larger than memory', async () => {
  const zstd = await Zstd.load();
  const text = Buffer.from('some text, '.repeat(100));
  expect(
    Buffer.from((await boundedCompressors(1000).ZSTD?.(zstd.compress(text), text.length)) ?? []).equals(text),
  ).toBe(true);
  const page = new Uint8Array(20);
  for (const codec of ['SNAPPY', 'GZIP', 'BROTLI', 'LZ4', 'LZ4_RAW'] as const) {
    expect(() => boundedCompressors(1000)[codec]?.(page, 2 ** 31), codec).toThrow(/would unpack/);
    expect(() => boundedCompressors(1000)[codec]?.(page, -1), codec).toThrow(/would unpack/);
  }
  // 128 MiB of zeros: the page claims to be small, and its frame says the true size.
  const bomb = zstd.compress(new Uint8Array(2 ** 27));
  expect(() => boundedCompressors(bomb.length).ZSTD?.(bomb, 100)).toThrow(/would unpack/);
});

it('refuses small pages of a group that are together larger than memory', () => {
  const { SNAPPY } = boundedCompressors(1000);
  const page = new Uint8Array(20);
  let refusals = 0;
  for (let i = 0; i < 100; i++) {
    try {
      SNAPPY?.(page, 2 ** 20);
    } catch (error) {
      if (String(error).includes('would unpack')) refusals++;
    }
  }
  expect(refusals).toBe(100 - 64);
});

it('refuses groups of more rows than can be objects at once', () => {
  const group = (num_rows: bigint) => ({ num_rows, row_groups: [{ num_rows }] });
  expect(() => checkCounts(group(1_048_576n))).not.toThrow();
  expect(() => checkCounts(group(2n ** 31n))).toThrow(/says that it has 2147483648 rows/);
  expect(() => checkCounts({ num_rows: 3n, row_groups: [{ num_rows: 2n }] })).toThrow(/hold 2 rows/);
});
