import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bfloat16Warning, choosePrecision } from './_auto-precision.js';
import { engineInfo } from './library/engine-info.js';
import { installedFolder } from './library/find-library.js';
import { libraryFiles } from './library/wheels.js';
import { openEngine } from './open-engine.js';
import { libraryForTests } from './tensorflow/_library-for-tests.js';
import { testEngine } from './test/index.js';
import type { Engine } from './types.js';

const real = await libraryForTests();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-open-'));
  // A machine without any libtensorflow.
  vi.stubEnv('PATH', folder);
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('DPO_LIBTENSORFLOW', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Writes files with the library's names that are no library. */
async function writeBroken(place: string): Promise<string> {
  await mkdir(place, { recursive: true });
  for (const file of libraryFiles()) await writeFile(join(place, file), 'not a library');
  return place;
}

/** Opens an engine, checks that it computes, and closes it. */
async function tryEngine(options?: Parameters<typeof openEngine>[0]): Promise<Engine> {
  const engine = await openEngine(options);
  const double = engine.function('double', (_, { x }: { readonly x: tf.Tensor }) => ({ y: tf.mul(x, 2) }));
  const { y } = await double({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
  expect([...y.data]).toEqual([2, 4]);
  await engine.dispose();
  return engine;
}

describe('without a libtensorflow', () => {
  it('runs on the portable engine and says why', async () => {
    const engine = await tryEngine();
    expect(engine.kind).toBe('wasm');
    expect(engine.description).toMatch(/WebAssembly.*no libtensorflow was found; `dpo engine install` fetches it/);
    expect((await tryEngine({ kind: 'cpu' })).kind).toBe('cpu');
  });

  it('cannot run on TensorFlow', async () => {
    await expect(openEngine({ kind: 'tensorflow' })).rejects.toMatchObject({
      code: 'engine.library-not-found',
      hint: 'Run: dpo engine install',
    });
  });

  it('says that bfloat16 needs TensorFlow', async () => {
    const engine = await tryEngine({ precision: 'bfloat16' });
    expect(engine.precision).toBe('float32');
    expect(engine.description).toContain('bfloat16 needs TensorFlow');
  });

  it('describes itself', async () => {
    const info = await engineInfo();
    expect(info).toMatchObject({ engine: 'wasm', library: undefined, libraries: [], problem: undefined });
    expect(info.cache).toBe(join(folder, 'dpo'));
    expect(info.cores).toBeGreaterThan(0);
  });
});

describe('with a library that does not load', () => {
  it('runs on the portable engine and says why', async () => {
    await writeBroken(installedFolder(false, join(folder, 'dpo')));
    const { kind, description } = await tryEngine();
    expect(kind).toBe('wasm');
    expect(description).toContain('cannot be used');
    await expect(openEngine({ kind: 'tensorflow' })).rejects.toMatchObject({ code: expect.stringMatching('engine') });
    expect((await engineInfo()).libraries).toMatchObject([{ source: 'cache', unsuitable: undefined }]);
  });

  it('fails when the user has named the library', async () => {
    vi.stubEnv('DPO_LIBTENSORFLOW', await writeBroken(join(folder, 'mine')));
    await expect(openEngine()).rejects.toMatchObject({ code: expect.stringMatching('engine.library-') });
    expect(await engineInfo()).toMatchObject({ engine: undefined, problem: { code: expect.any(String) } });
    vi.stubEnv('DPO_LIBTENSORFLOW', join(folder, 'nowhere'));
    await expect(openEngine()).rejects.toMatchObject({ code: 'engine.library-not-found' });
    expect(await engineInfo()).toMatchObject({ problem: { code: 'engine.library-not-found' } });
  });
});

it('refuses impossible options', async () => {
  const wrong = [{ kind: 'gpu' }, { precision: 'float16' }, { threads: 0 }, { device: 'tpu' }, { memoryLimit: -1 }];
  for (const options of wrong)
    await expect(openEngine(options as never)).rejects.toMatchObject({ code: 'engine.wrong-option' });
});

it.skipIf(real === undefined)('runs on TensorFlow when it finds the library', async () => {
  vi.stubEnv('DPO_LIBTENSORFLOW', real);
  const engine = await tryEngine({ threads: 1 });
  expect(engine.kind).toBe('tensorflow');
  expect(engine.description).toMatch(/^TensorFlow 2\.21\.\d+ on 1 CPU core, float32$/);
  expect((await tryEngine({ precision: 'auto' })).description).toMatch(/float32 \(.*\)$|bfloat16 \(.*\)$/);
  expect(await engineInfo()).toMatchObject({ engine: 'tensorflow', library: { source: 'env', unsuitable: undefined } });
});

describe('a GPU in the options', () => {
  it('is never replaced silently by a slower device', async () => {
    await expect(openEngine({ device: 'gpu' })).rejects.toMatchObject({ code: 'engine.library-not-found' });
    for (const kind of ['wasm', 'cpu'] as const)
      await expect(openEngine({ kind, device: 'gpu' })).rejects.toMatchObject({ code: 'engine.unavailable' });
  });

  it.skipIf(real === undefined)('must exist', async () => {
    vi.stubEnv('DPO_LIBTENSORFLOW', real);
    await expect(openEngine({ device: 'gpu:77' })).rejects.toMatchObject({ code: 'engine.no-device' });
  });
});

describe('the automatic precision', () => {
  /** An engine whose functions take a time by their precision. */
  const timed = (milliseconds: { float32: number; bfloat16: number }): Engine => ({
    ...testEngine(),
    function: ((_name: string, _body: unknown, options: { precision: 'float32' | 'bfloat16' }) =>
      Object.assign(() => new Promise((done) => setTimeout(done, milliseconds[options.precision])), {
        dispose: () => undefined,
      })) as never,
  });

  it('is float32 when the processor has no bfloat16', async () => {
    const { precision, why } = await choosePrecision(timed({ float32: 9, bfloat16: 1 }), ['avx2', 'avx512f']);
    expect([precision, why]).toEqual(['float32', 'the processor multiplies no bfloat16']);
  });

  it('is measured on a GPU, whatever the processor has', async () => {
    expect((await choosePrecision(timed({ float32: 40, bfloat16: 10 }), undefined)).precision).toBe('bfloat16');
  });

  it('is the faster one when the processor has bfloat16', async () => {
    const fast = await choosePrecision(timed({ float32: 40, bfloat16: 10 }), ['avx512_bf16']);
    expect(fast).toEqual({ precision: 'bfloat16', why: expect.stringMatching(/^bfloat16 measured at \d\.\d times/) });
    expect((await choosePrecision(timed({ float32: 20, bfloat16: 20 }), ['amx_bf16'])).precision).toBe('float32');
  });

  it('is bfloat16 when it was asked for, with a warning where it is emulated', async () => {
    const slow = timed({ float32: 10, bfloat16: 40 });
    expect(await bfloat16Warning(slow, ['avx2'])).toMatch(
      /^the processor only emulates bfloat16: measured at \d+\.\d\d times/,
    );
    expect(await bfloat16Warning(slow, ['avx512_bf16'])).toBeUndefined();
    expect(await bfloat16Warning(slow, undefined)).toBeUndefined();
  });
});
