import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenTable } from './_token-table.js';

/** Keys with few different first bytes, so that many collide. */
const key = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 200 }))
  .map(([first, second]) => String.fromCharCode(first, 0, 0xd800 + second, 0, 0, 0, 0, second));
const texts = fc.uniqueArray(fc.tuple(key, fc.array(fc.nat(50_000))), { selector: ([name]) => name, maxLength: 60 });

function columnsOf(entries: readonly (readonly [string, readonly number[]])[]) {
  const offsets = Int32Array.from([
    0,
    ...entries.map((_, i) => entries.slice(0, i + 1).flatMap(([, ids]) => ids).length),
  ]);
  const ids = Int32Array.from(entries.flatMap(([, each]) => each));
  return { offsets, ids, keys: Buffer.from(entries.map(([name]) => name).join(''), 'utf16le') };
}

it('finds the same ids as a map, in whatever parts they were added', () => {
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 6 }), fc.array(key), (parts, others) => {
      const table = new TokenTable();
      const map = new Map<string, readonly number[]>();
      for (const part of parts) {
        table.add(columnsOf(part));
        for (const [name, ids] of part) if (!map.has(name)) map.set(name, ids);
      }
      for (const name of [...map.keys(), ...others]) {
        const ids = table.get(name);
        expect(ids && [...ids]).toEqual(map.get(name));
      }
    }),
  );
});

it('grows with its texts', () => {
  const table = new TokenTable();
  const name = (i: number) => String.fromCharCode((7919 * i) & 0xffff, i >>> 3, i, 1, 2, 3, 4, 5);
  for (let part = 0; part < 5; part++)
    table.add(columnsOf(Array.from({ length: 400 }, (_, i) => [name(400 * part + i), [400 * part + i]] as const)));
  expect(table.size).toBe(2000);
  for (let i = 0; i < 2000; i++) expect(table.get(name(i))?.[0]).toBe(i);
  expect(table.get(name(2001))).toBeUndefined();
});
