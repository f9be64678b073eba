import { afterAll, expect, it } from 'vitest';
import { formats } from './formats.mjs';
import { cleanUp, damaged, tryOne } from './try.mjs';

afterAll(cleanUp);

// Parquet is damaged in the tests of @dpo/data: sources have no thread of their own to read it in, whose time and memory
// are limited.
const names = Object.keys(formats).filter((name) => name !== 'parquet');

/** As many of each as take a moment: run.mjs tries a hundred thousand, in a process whose memory and time are watched. */
const FILES = 60;

it.each(names)('a damaged file is read or refused with an error of ours: %s', async (name) => {
  for (let index = 0; index < FILES; index++) {
    const { code, stack } = await tryOne(name, 7, index);
    expect(code, `--formats ${name} --seed 7 --from ${index} --count 1\n${stack}`).not.toBe('untyped');
  }
});

it.each(names)('the same numbers mean the same damage: %s', async (name) => {
  const first = await damaged(name, 7, 3);
  expect(await damaged(name, 7, 3)).toEqual(first);
  const others = await Promise.all([4, 5, 6, 8].map((index) => damaged(name, 7, index)));
  expect(others.some((bytes) => !bytes.equals(first))).toBe(true);
});
