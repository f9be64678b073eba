import { expect, it } from 'vitest';
import { configProto } from './_config-proto.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

it('writes nothing where nothing is set', () => {
  expect(hex(configProto({}))).toBe('');
});

it('writes what protoc writes for bfloat16', () => {
  expect(hex(configProto({ bfloat16: true }))).toBe('52055203f80101');
});

it('writes the thread counts, long ones in several bytes', () => {
  expect(hex(configProto({ threads: 3 }))).toBe('10032803');
  expect(hex(configProto({ threads: 300 }))).toBe('10ac0228ac02');
});
