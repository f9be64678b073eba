import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as node from './bytes.js';
import * as browser from './bytes-in-browsers.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const text = () => fc.string({ unit: 'binary' });

describe.each([
  ['Node', node],
  ['browsers', browser],
])('bytes in %s', (_, { concat, decodeUtf8, textReader, textRoom }) => {
  it('joins pieces', () => {
    expect([...concat([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])]).toEqual([1, 2, 3]);
    expect(concat([]).length).toBe(0);
  });

  it('decodes UTF-8 alone, and keeps a mark of the byte order', () => {
    fc.assert(
      fc.property(
        text(),
        (each) => decodeUtf8(bytesOf(each)) === new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf(each)),
      ),
    );
    expect(decodeUtf8(bytesOf('\ufeffa'))).toBe('\ufeffa');
    expect(decodeUtf8(Uint8Array.of(0x61, 0xff))).toBeUndefined();
    expect(decodeUtf8(Uint8Array.of(0xc3))).toBeUndefined();
  });

  it('puts texts behind one another, and reads each again', () => {
    fc.assert(
      fc.property(fc.array(text(), { maxLength: 5 }), fc.constantFrom(0, 1, 30_000, 70_000), (texts, length) => {
        const all = [...texts, 'ä'.repeat(length)];
        const room = textRoom();
        const ends = all.map((each) => {
          room.append(each);
          return room.used;
        });
        const bytes = room.take();
        expect(room.used).toBe(0);
        expect(Buffer.compare(bytes, bytesOf(all.join('')))).toBe(0);
        const read = textReader(bytes);
        const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
        for (const [i, end] of ends.entries())
          expect(read(ends[i - 1] ?? 0, end) === lenient.decode(bytesOf(all[i] ?? ''))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
