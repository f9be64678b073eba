import { expect, it } from 'vitest';
import { configProto } from './_config-proto.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

it('writes nothing without settings', () => {
  expect(hex(configProto({}))).toBe('');
});

it('writes the thread counts, large ones in several bytes', () => {
  expect(hex(configProto({ threads: 3 }))).toBe('10032803');
  expect(hex(configProto({ threads: 300 }))).toBe('10ac0228ac02');
});

it('writes the use of a GPU’s memory, and the placement of operations', () => {
  // gpu_options { allow_growth: true }
  expect(hex(configProto({ gpuMemory: 'growing' }))).toBe('32022001');
  // gpu_options { experimental { virtual_devices { memory_limit_mb: [512] } } }: 512 is 00 00 00 44 as a float
  expect(hex(configProto({ gpuMemory: { bytes: 2 ** 29 } }))).toBe('320a4a080a060a0400000044');
  expect(hex(configProto({ softPlacement: true }))).toBe('3801');
});
