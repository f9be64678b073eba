import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DpoError } from '../error.js';
import { openSafetensors } from './open.js';
import type { TensorToWrite } from './pieces.js';
import { writeSafetensors, writeShardedSafetensors } from './write.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const place = (): string => join(folder, `${count++}.safetensors`);

const tensor = (
  name: string,
  shape: number[],
  values: number[],
  dtype: 'float32' | 'bfloat16' = 'float32',
): TensorToWrite => ({
  name,
  shape,
  dtype,
  data: async () => Float32Array.from(values),
});

/** A file with a header and data, as a hostile writer would write it. */
async function file(header: unknown, data = new Uint8Array(0), length?: bigint): Promise<string> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  const path = place();
  await writeFile(path, bytes);
  return path;
}

const entry = (shape: unknown, begin: unknown, end: unknown, dtype: unknown = 'F32'): unknown => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('openSafetensors', () => {
  it('reads every floating type as float32', async () => {
    const data = new DataView(new ArrayBuffer(4 + 8 + 4 + 4));
    data.setFloat32(0, 1.5, true);
    data.setFloat64(4, 0.1, true);
    data.setUint16(12, 0x3e00, true); // float16 1.5
    data.setUint16(14, 0x8001, true); // the smallest negative float16, −2^-24
    data.setUint16(16, 0x3fc0, true); // bfloat16 1.5
    data.setUint16(18, 0xff80, true); // bfloat16 −∞
    const path = await file(
      {
        __metadata__: { format: 'pt' },
        single: entry([], 0, 4),
        double: entry([1], 4, 12, 'F64'),
        half: entry([2], 12, 16, 'F16'),
        brain: entry([2, 1], 16, 20, 'BF16'),
      },
      new Uint8Array(data.buffer),
    );
    const weights = await openSafetensors(path);
    expect(weights.metadata).toEqual({ format: 'pt' });
    expect(weights.tensors.get('brain')).toMatchObject({ dtype: 'BF16', shape: [2, 1], byteLength: 4 });
    expect([...(await weights.read('single'))]).toEqual([1.5]);
    expect([...(await weights.read('double'))]).toEqual([Math.fround(0.1)]);
    expect([...(await weights.read('half'))]).toEqual([1.5, -(2 ** -24)]);
    expect([...(await weights.read('brain'))]).toEqual([1.5, Number.NEGATIVE_INFINITY]);
    await expect(weights.read('none')).rejects.toMatchObject({ code: 'model.unknown-tensor' });
    await weights.close();
  });

  it('gives the bytes of other types, and refuses them as weights', async () => {
    const path = await file({ mask: entry([3], 0, 3, 'BOOL') }, Uint8Array.of(1, 0, 1));
    const weights = await openSafetensors(path);
    expect([...(await weights.readBytes('mask'))]).toEqual([1, 0, 1]);
    await expect(weights.read('mask')).rejects.toMatchObject({ code: 'model.unsupported-dtype' });
    await weights.close();
  });

  it.each(['float32', 'bfloat16'] as const)('reads %s into an array of the caller', async (dtype) => {
    const path = place();
    await writeSafetensors(path, [tensor('a', [3], [1, 2, 3], dtype), tensor('b', [2], [4, 5], dtype)]);
    const weights = await openSafetensors(path);
    const room = new Float32Array(3);
    const a = await weights.read('a', room);
    expect(a.buffer).toBe(room.buffer);
    expect([...a]).toEqual([1, 2, 3]);
    const b = await weights.read('b', room);
    expect([...b]).toEqual([4, 5]);
    expect([...room]).toEqual([4, 5, 3]);
    expect((await weights.read('a', new Float32Array(2))).length).toBe(3);
    await weights.close();
  });

  const four = new Uint8Array(4);
  it.each<[string, unknown, Uint8Array<ArrayBuffer>, bigint | undefined, string]>([
    ['a header longer than the file', {}, four, 1000n, 'model.truncated-file'],
    ['an absurd header length', {}, four, 2n ** 63n, 'model.bad-safetensors'],
    ['no JSON', '{"a":', four, undefined, 'model.bad-safetensors'],
    ['a list', '[]', four, undefined, 'model.bad-safetensors'],
    ['a tensor past the end', { a: entry([2], 0, 8) }, four, undefined, 'model.truncated-file'],
    ['overlapping tensors', { a: entry([1], 0, 4), b: entry([1], 0, 4) }, four, undefined, 'model.bad-safetensors'],
    ['a hole', { a: entry([1], 4, 8) }, new Uint8Array(8), undefined, 'model.bad-safetensors'],
    ['data of no tensor', { a: entry([1], 0, 4) }, new Uint8Array(8), undefined, 'model.bad-safetensors'],
    ['a wrong size', { a: entry([3], 0, 4) }, four, undefined, 'model.bad-safetensors'],
    ['an overflowing shape', { a: entry([2 ** 40, 2 ** 40], 0, 4) }, four, undefined, 'model.bad-safetensors'],
    ['a negative size', { a: entry([-1], 0, 4) }, four, undefined, 'model.bad-safetensors'],
    ['an unknown type', { a: entry([1], 0, 4, 'F31') }, four, undefined, 'model.bad-safetensors'],
    ['a type from the prototype', { a: entry([1], 0, 4, 'toString') }, four, undefined, 'model.bad-safetensors'],
    ['an end before the begin', { a: entry([1], 4, 0) }, four, undefined, 'model.bad-safetensors'],
    ['one offset', { a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, four, undefined, 'model.bad-safetensors'],
    ['no entry', { a: null }, four, undefined, 'model.bad-safetensors'],
    ['metadata of numbers', { __metadata__: { a: 1 } }, new Uint8Array(0), undefined, 'model.bad-safetensors'],
    [
      'a name twice',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061" :{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      four,
      undefined,
      'model.bad-safetensors',
    ],
  ])('refuses %s', async (_, header, data, length, code) => {
    const path = await file(header, data, length);
    const error: unknown = await openSafetensors(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect((error as DpoError).message).toContain(path);
  });

  it('names the tensor', async () => {
    const path = await file({ 'model.norm.weight': entry([3], 0, 4) }, four);
    await expect(openSafetensors(path)).rejects.toMatchObject({ values: { tensor: 'model.norm.weight' } });
  });

  it('gives a typed error for any damage, or tensors within the file', async () => {
    const path = place();
    await writeSafetensors(path, [tensor('a', [2, 3], [1, 2, 3, 4, 5, 6]), tensor('b', [2], [7, 8], 'bfloat16')]);
    const whole = await readFile(path);
    const damagedFile = place();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        async (length, changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          await writeFile(damagedFile, changes.length === 0 ? bytes.subarray(0, length) : bytes);
          try {
            const weights = await openSafetensors(damagedFile);
            for (const [name, { byteLength }] of weights.tensors) {
              expect((await weights.readBytes(name)).length).toBe(byteLength);
            }
            await weights.close();
          } catch (error) {
            expect(DpoError.is(error)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('writeSafetensors', () => {
  it('has the same tensors after writing and reading', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ minLength: 1 }), fc.float32Array({ maxLength: 20 }), { maxKeys: 5 }),
        async (tensors) => {
          const names = Object.keys(tensors).filter((name) => name !== '__metadata__');
          const path = place();
          const write = names.map((name) => tensor(name, [tensors[name]?.length ?? 0], [...(tensors[name] ?? [])]));
          await writeSafetensors(path, write, { format: 'pt' });
          const weights = await openSafetensors(path);
          expect([...weights.tensors.keys()].sort()).toEqual([...names].sort());
          for (const name of names) expect(await weights.read(name)).toEqual(tensors[name]);
          await weights.close();
          await rm(path);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('rounds to bfloat16 as PyTorch does: to nearest, ties to even', async () => {
    const path = place();
    // 1 + 2^-8 lies half-way between 1 and 1 + 2^-7: to the even 1; 1 + 3·2^-8 half-way up: to 1 + 2^-6.
    const values = [
      1,
      1 + 2 ** -8,
      1 + 3 * 2 ** -8,
      1 + 2 ** -8 + 2 ** -20,
      -1 / 3,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ];
    await writeSafetensors(path, [tensor('a', [7], values, 'bfloat16')]);
    const weights = await openSafetensors(path);
    expect([...(await weights.read('a'))]).toEqual([
      1,
      1,
      1 + 2 ** -6,
      1 + 2 ** -7,
      -0.333984375,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]);
    await weights.close();
  });

  it('leaves no file when a tensor is wrong', async () => {
    const path = place();
    const wrong = writeSafetensors(path, [tensor('a', [2], [1, 2]), tensor('b', [2], [1])]);
    await expect(wrong).rejects.toMatchObject({ code: 'model.bad-tensor', values: { tensor: 'b' } });
    await expect(writeSafetensors(path, [tensor('a', [0], []), tensor('a', [0], [])])).rejects.toMatchObject({
      code: 'model.bad-tensor',
    });
    const name = path.slice(folder.length + 1);
    expect((await readdir(folder)).filter((other) => other.includes(name))).toEqual([]);
  });
});

describe('sharded weights', () => {
  const tensors = ['a', 'b', 'c'].map((name, index) => tensor(name, [2], [index, index + 0.5]));
  const index = 'model.safetensors.index.json';

  it('are one file while they are small', async () => {
    const path = await mkdtemp(join(folder, 'small-'));
    expect(await writeShardedSafetensors(path, tensors)).toEqual(['model.safetensors']);
    const weights = await openSafetensors(path);
    expect(weights.tensors.size).toBe(3);
    await weights.close();
  });

  it('are divided above the limit, and read as one file', async () => {
    const path = await mkdtemp(join(folder, 'large-'));
    const files = await writeShardedSafetensors(path, tensors, { maxShardBytes: 16 });
    expect(files).toEqual(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', index]);
    expect(JSON.parse(await readFile(join(path, index), 'utf8'))).toMatchObject({ metadata: { total_size: 24 } });
    const weights = await openSafetensors(path);
    expect([...(await weights.read('c'))]).toEqual([2, 2.5]);
    await weights.close();

    await rm(join(path, 'model-00002-of-00002.safetensors'));
    await expect(openSafetensors(path)).rejects.toMatchObject({ code: 'model.missing-shard' });
  });

  it.each([
    ['leads out of the folder', { a: '../model.safetensors' }],
    ['names a tensor that its file lacks', { z: 'model-00001-of-00002.safetensors' }],
    ['has no map', undefined],
  ])('are refused when the index %s', async (_, map) => {
    const path = await mkdtemp(join(folder, 'bad-'));
    await writeShardedSafetensors(path, tensors, { maxShardBytes: 16 });
    await writeFile(join(path, index), JSON.stringify({ weight_map: map }));
    await expect(openSafetensors(path)).rejects.toMatchObject({ code: 'model.bad-safetensors' });
  });
});
