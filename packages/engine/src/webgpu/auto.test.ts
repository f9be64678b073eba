import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openEngine } from '../open-engine.js';
import { libraryForTests } from '../tensorflow/_library-for-tests.js';
import { softwareGpu } from '../test/software-gpu.js';

/** The seconds that products take, by kinds of engines. */
const seconds = vi.hoisted(() => ({ webgpu: 1, tensorflow: 1 }));
vi.mock('../_auto-precision.js', async (original) => ({
  ...(await original<object>()),
  timeProducts: async ({ kind }: { kind: 'webgpu' | 'tensorflow' }) => seconds[kind],
}));

// The software adapter passes for a GPU.
vi.mock('#find-gpu', async (original) => {
  const real = await original<typeof import('../platform/find-gpu.js')>();
  const findGpu: typeof real.findGpu = async () => {
    const { gpu } = await real.findGpu();
    const requestAdapter = async ({ forceFallbackAdapter }: GPURequestAdapterOptions = {}) => {
      const adapter = forceFallbackAdapter || gpu === undefined ? null : await gpu.requestAdapter();
      if (adapter === null) return null;
      const { features, limits } = adapter;
      const info = { description: 'Pretended GPU', vendor: 'nobody' };
      return { features, limits, info, requestDevice: (descriptor: object) => adapter.requestDevice(descriptor) };
    };
    return { gpu: { requestAdapter } as unknown as GPU };
  };
  return { ...real, findGpu, mayHaveGpu: async () => true };
});

const library = await libraryForTests();
// Shows the software adapter to Dawn, which is not mocked.
await softwareGpu();
const { findGpu } = await vi.importActual<typeof import('../platform/find-gpu.js')>('../platform/find-gpu.js');
const access = await findGpu();
const missing = access.gpu === undefined || (await access.gpu.requestAdapter()) === null;

describe.skipIf(missing)(`the automatic engine with a GPU${missing ? ' (left out: no software adapter)' : ''}`, () => {
  let empty: string;
  beforeAll(async () => {
    empty = await mkdtemp(join(tmpdir(), 'dpo-auto-'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(empty, { recursive: true, force: true });
  });
  /** The kind and the description of an engine that is opened and closed. */
  const opened = async (options: Parameters<typeof openEngine>[0]): Promise<string> => {
    const engine = await openEngine(options);
    await engine.dispose();
    return `${engine.kind}, ${engine.device}: ${engine.description}`;
  };
  const withoutTensorFlow = (): void => {
    for (const [name, value] of Object.entries({ DPO_LIBTENSORFLOW: '', XDG_CACHE_HOME: empty, PATH: empty }))
      vi.stubEnv(name, value);
  };

  it.skipIf(library === undefined)('is the faster one of TensorFlow on the processor and WebGPU', async () => {
    vi.stubEnv('DPO_LIBTENSORFLOW', library);
    seconds.webgpu = 0.5;
    expect(await opened({})).toMatch(
      /^webgpu, gpu:0: .*Pretended GPU.*WebGPU measured at 2\.0 times the speed of the processor/,
    );
    seconds.webgpu = 4;
    expect(await opened({})).toMatch(/^tensorflow, cpu: .*WebGPU measured at 0\.3 times/);
    seconds.webgpu = 0.5;
    // WebGPU is not an answer to these wishes.
    for (const options of [{ device: 'cpu' }, { precision: 'bfloat16' }, { kind: 'tensorflow' }] as const)
      expect(await opened(options)).toMatch(/^tensorflow/);
    expect(await opened({ device: 'gpu' })).toMatch(/^webgpu, gpu:0: .*TensorFlow has no GPU here/);
  });

  it('is WebGPU without TensorFlow, unless the processor is asked for', async () => {
    withoutTensorFlow();
    expect(await opened({})).toMatch(
      /^webgpu, gpu:0: .*Pretended GPU \(nobody\)\), float32: no libtensorflow was found/,
    );
    expect(await opened({ device: 'gpu' })).toMatch(/^webgpu/);
    expect(await opened({ device: 'cpu' })).toMatch(/^wasm/);
    await expect(openEngine({ device: 'gpu:3' })).rejects.toMatchObject({ code: 'engine.no-device' });
  });
});
