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
      fc.property(fc.array(text(), { maxLength: 5 }), fc.nat(70_000), (texts, length) => {
        const room = textRoom();
        const ends = [...texts, 'ä'.repeat(length)].map((each) => {
          room.append(each);
          return room.used;
        });
        const bytes = room.take();
        expect(room.used).toBe(0);
        expect(bytes).toEqual(bytesOf([...texts, 'ä'.repeat(length)].join('')));
        const read = textReader(bytes);
        expect(ends.map((end, i) => bytesOf(read(ends[i - 1] ?? 0, end)).length)).toEqual(
          ends.map((end, i) => end - (ends[i - 1] ?? 0)),
        );
      }),
      { numRuns: 50 },
    );
  });
});
