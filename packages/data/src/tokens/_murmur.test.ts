import fc from 'fast-check';
import { expect, it } from 'vitest';
import { murmur128 } from './_murmur.js';

const hex = (text: string) => Buffer.from(Int32Array.from(murmur128(text)).buffer).toString('hex');

// Computed by mmh3 5.2 for Python: mmh3.hash_bytes(text.encode('utf-16-le'), 0, x64arch=False).
it.each([
  ['', '00000000000000000000000000000000'],
  ['ab', '53b90f26fdb622affdb622affdb622af'],
  ['Ünïcode', 'f7183445db4cf6292dec6cd3a866be2b'],
  ['abcdefgh12345678', 'ff3bb3b99d97ae3a0fd0d4adf3aefc0d'],
  ['The quick brown fox', 'f741535577ceb1b8a3d7d7e2fe170436'],
])('%j has the hash of the reference implementation', (text, expected) => {
  expect(hex(text)).toBe(expected);
});

it('differs for other texts, and for other seeds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(hex(a) === hex(b)).toBe(a === b);
      expect(murmur128(b, murmur128(a))).not.toEqual(murmur128(b, murmur128(`${a}!`)));
    }),
  );
});
