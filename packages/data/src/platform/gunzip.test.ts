import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as node from './gunzip.js';
import * as browser from './gunzip-in-browsers.js';

const text = 'prompt and answer\n'.repeat(10_000);
const packed = gzipSync(text);

async function* pieces(bytes: Uint8Array, fault?: Error) {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
  if (fault !== undefined) throw fault;
}

describe.each([
  ['Node', node],
  ['browsers', browser],
])('gzip in %s', (_, { gunzip, gzipFault }) => {
  const unpack = async (bytes: Uint8Array, fault?: Error) => {
    const parts: Uint8Array[] = [];
    for await (const part of gunzip(pieces(bytes, fault), bytes.length)) parts.push(part);
    return Buffer.concat(parts).toString();
  };
  const faultOf = (bytes: Uint8Array, fault?: Error) => unpack(bytes, fault).then(() => 'none', gzipFault);

  it('unpacks', async () => {
    expect(await unpack(packed)).toBe(text);
  });

  it('tells bytes that are cut short or damaged from errors of the source', async () => {
    expect(['truncated', 'broken']).toContain(await faultOf(packed.subarray(0, -20)));
    expect(await faultOf(Uint8Array.from(packed, (byte, i) => (i === 30 ? byte ^ 0xff : byte)))).toBe('broken');
    const sourceError = new Error('gone');
    await expect(unpack(packed, sourceError)).rejects.toBe(sourceError);
    expect(gzipFault(sourceError)).toBeUndefined();
  });
});
