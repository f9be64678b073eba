import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from './_crc32c.js';
import { openTensorBoard } from './tensorboard.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-core-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('CRC-32C has its published check value', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

/** The records of a TFRecord file, their checksums checked. */
function records(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(maskedCrc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

describe('openTensorBoard', () => {
  it('writes one event to a step, byte for byte as TensorFlow does', async () => {
    const file = await openTensorBoard(folder, 2, () => 1500);
    await file.add(300, { step: 300, loss: 0.5, skipped: true, 'rewards/margins': Number.NaN });
    const [head, start, step] = records(await readFile(file.path)) as [Buffer, Buffer, Buffer];
    // Wall time 1.5 as a double in field 1, step in field 2, then the content.
    const time = '09000000000000f83f';
    expect(head.toString('hex')).toBe(`${time}10001a0d${Buffer.from('brain.Event:2').toString('hex')}`);
    expect(start.toString('hex')).toBe(`${time}10033a020801`);
    // Field 5: a summary of one value, tag "loss" and 0.5 as a float. 300 = 0b10_0101100.
    expect(step.toString('hex')).toBe(`${time}10ac022a0d0a0b0a04${Buffer.from('loss').toString('hex')}150000003f`);
    expect(file.path).toContain('events.out.tfevents.1.');
  });

  it('says which folder cannot be written', async () => {
    const file = await openTensorBoard(folder);
    await expect(openTensorBoard(join(file.path, 'below'))).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^file\./) }),
    );
  });
});
