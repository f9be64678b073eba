import { afterAll, expect, it } from 'vitest';
import { formats } from './formats.mjs';
import { cleanUp, damagedFile, tryOne } from './try.mjs';

afterAll(cleanUp);

// Parquet is damaged in the tests of @dpo/data: uncompiled sources have no thread with limited time and memory that reads Parquet.
const names = Object.keys(formats).filter((name) => name !== 'parquet');

/** Few files of each format, which take a moment. run.mjs tries a hundred thousand, and watches memory and time. */
const FILES = 60;

it.each(names)('a damaged file is read or refused with an error of ours: %s', async (name) => {
  for (let index = 0; index < FILES; index++) {
    const { code, stack } = await tryOne(name, 7, index);
    expect(code, `--formats ${name} --seed 7 --from ${index} --count 1\n${stack}`).not.toBe('untyped');
  }
});

it.each(names)('the same seed and number give the same damage: %s', async (name) => {
  const first = await damagedFile(name, 7, 3);
  expect(await damagedFile(name, 7, 3)).toEqual(first);
  const others = await Promise.all([4, 5, 6, 8].map((index) => damagedFile(name, 7, index)));
  expect(others.some((bytes) => !bytes.equals(first))).toBe(true);
});
