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

/** The records of a TFRecord file; checks their checksums. */
function records(file: Buffer): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(maskedCrc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data));
    list.push(data);
    at += 16 + length;
  }
  return list;
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

  it('writes a histogram as TensorFlow does', async () => {
    const file = await openTensorBoard(folder, 0, () => 1500);
    await file.addHistogram(1, 'm', [0, 1, 3, Number.NaN]);
    await file.addHistogram(2, 'm', [Number.NaN]);
    const [, , event, ...rest] = records(await readFile(file.path)) as Buffer[];
    expect(rest).toEqual([]);
    const doubles = (...values: number[]) => Buffer.from(Float64Array.from(values).buffer).toString('hex');
    const scalar = (key: string, value: number) => `${key}${doubles(value)}`;
    // Least 0, largest 3, three values, their sum 4, the sum of their squares 10.
    const scalars = [scalar('09', 0), scalar('11', 3), scalar('19', 3), scalar('21', 4), scalar('29', 10)].join('');
    const text = event?.toString('hex') ?? '';
    expect(text).toContain('0a016d2a'); // tag "m", then the histogram
    expect(text).toContain(`${scalars}32f001`);
    // Thirty buckets of a tenth: 0 in the first, 1 in the eleventh, 3 in the last.
    const counts = Array.from({ length: 30 }, (_, i) => (i === 0 || i === 10 || i === 29 ? 1 : 0));
    expect(text.endsWith(`3af001${doubles(...counts)}`)).toBe(true);
  });

  it('writes a text as a string tensor of the text plugin', async () => {
    const file = await openTensorBoard(folder, 0, () => 1500);
    await file.addText(1, 's', 'hi');
    const [, , event] = records(await readFile(file.path)) as Buffer[];
    // Tag "s"; metadata with plugin_data { plugin_name "text" } and data_class tensor; a tensor of type 7, shape [1], "hi".
    const [tag, metadata, tensor] = ['0a0173', '4a0a0a060a04746578742002', '420c080712041202080142026869'];
    expect(event?.toString('hex')).toBe(`09000000000000f83f10012a1f0a1d${tag}${metadata}${tensor}`);
  });

  it('says which folder cannot be written', async () => {
    const file = await openTensorBoard(folder);
    await expect(openTensorBoard(join(file.path, 'below'))).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^file\./) }),
    );
  });
});
