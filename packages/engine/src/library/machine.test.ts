import { expect, it } from 'vitest';
import { featuresIn, type Machine, thisMachine, whyNoTensorFlow } from './machine.js';

it('reads the processor’s features', () => {
  expect(featuresIn('processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 avx512_bf16\nprocessor\t: 1\n')).toEqual([
    'sse4_2',
    'avx',
    'avx2',
    'avx512_bf16',
  ]);
  expect(featuresIn('')).toEqual([]);
});

it('knows machines on which TensorFlow cannot run', async () => {
  const linux: Machine = { platform: 'linux', arch: 'x64', cpuFlags: ['sse4_2', 'avx'], glibc: '2.36' };
  expect(whyNoTensorFlow(linux)).toBeUndefined();
  expect(whyNoTensorFlow({ ...linux, cpuFlags: [] })).toBeUndefined();
  expect(whyNoTensorFlow({ ...linux, cpuFlags: ['sse4_2'] })).toMatch(/AVX/);
  expect(whyNoTensorFlow({ ...linux, glibc: '2.17' })).toMatch(/2\.17/);
  expect(whyNoTensorFlow({ ...linux, glibc: undefined })).toMatch(/glibc/);
  expect(whyNoTensorFlow({ ...linux, arch: 'arm64', cpuFlags: [] })).toBeUndefined();
  expect(whyNoTensorFlow({ platform: 'darwin', arch: 'arm64', cpuFlags: [], glibc: undefined })).toBeUndefined();
  expect((await thisMachine()).platform).toBe(process.platform);
});
