import { appendFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { asFileError, makeFolder } from '@dpo/base/files';
import { maskedCrc32c } from './_crc32c.js';

/** A run's event file, as TensorBoard reads it. */
export interface TensorBoardFile {
  readonly path: string;
  /** Adds the record's finite numbers, each under its name, at a step. */
  add(step: number, record: object): Promise<void>;
  /** Adds a histogram of the finite numbers, under a name, at a step. Without finite numbers nothing is added. */
  addHistogram(step: number, name: string, values: readonly number[]): Promise<void>;
  /** Adds a text in Markdown under a name, at a step, for TensorBoard's page of texts. */
  addText(step: number, name: string, text: string): Promise<void>;
}

/**
 * Begins an event file in a run's folder; point `tensorboard --logdir` at the folder or its parent. A resumed run begins
 * another file and gives the step that it resumes after: TensorBoard then drops the killed run's later steps.
 *
 * @throws DpoError `file.…` when the folder or the file cannot be written
 */
export async function openTensorBoard(
  folder: string,
  afterStep = 0,
  now: () => number = Date.now,
): Promise<TensorBoardFile> {
  const seconds = () => now() / 1000;
  const path = join(folder, `events.out.tfevents.${Math.floor(seconds())}.${hostname()}.${process.pid}`);
  const guarded = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => {
        throw asFileError(error, path);
      },
    );
  await guarded(makeFolder(folder));
  // SessionLog with status START, in field 7.
  const start = event(seconds(), afterStep + 1, field(7, bytesOf(varintField(1, 1))));
  const head = event(seconds(), 0, field(3, new TextEncoder().encode('brain.Event:2')));
  await guarded(writeFile(path, Buffer.concat([record(head), record(start)])));
  return {
    path,
    add: (step, values) => {
      const scalars = Object.entries(values).filter(
        ([name, value]) => name !== 'step' && typeof value === 'number' && Number.isFinite(value),
      );
      const summary = scalars.map(([tag, value]) =>
        // Summary.Value: the tag in field 1, a float in field 2.
        field(1, Buffer.concat([field(1, new TextEncoder().encode(tag)), floatField(2, value as number)])),
      );
      return guarded(appendFile(path, record(event(seconds(), step, field(5, Buffer.concat(summary))))));
    },
    addHistogram: async (step, name, values) => {
      const finite = values.filter(Number.isFinite);
      if (finite.length === 0) return;
      // Summary.Value: the tag in field 1, a histogram in field 5.
      const value = Buffer.concat([field(1, new TextEncoder().encode(name)), field(5, histogram(finite))]);
      await guarded(appendFile(path, record(event(seconds(), step, field(5, field(1, value))))));
    },
    addText: (step, name, text) => {
      // Summary.Value: the tag in field 1, the plugin that shows the value (and that it is a tensor) in 9, the tensor in 8.
      const plugin = Buffer.concat([field(1, field(1, utf8('text'))), bytesOf(varintField(4, 2))]);
      const value = Buffer.concat([field(1, utf8(name)), field(9, plugin), field(8, stringTensor(text))]);
      return guarded(appendFile(path, record(event(seconds(), step, field(5, field(1, value))))));
    },
  };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** TensorProto of one string: the type (7) in field 1, the shape [1] in 2, the string in 8. */
function stringTensor(text: string): Buffer {
  const shape = field(2, bytesOf(varintField(1, 1)));
  return Buffer.concat([bytesOf(varintField(1, 7)), field(2, shape), field(8, utf8(text))]);
}

/** The number of buckets of a histogram, which are of equal width. */
const BUCKETS = 30;

/** HistogramProto: smallest, largest, count, sum, sum of squares in fields 1 to 5; the buckets' upper ends in 6, their counts in 7. */
function histogram(values: readonly number[]): Buffer {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // Equal values lie in the middle of the range.
  const [start, width] = high > low ? [low, (high - low) / BUCKETS] : [low - 0.5, 1 / BUCKETS];
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const value of values) {
    const bucket = Math.min(BUCKETS - 1, Math.floor((value - start) / width));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const limits = counts.map((_, i) => (i === BUCKETS - 1 ? start + BUCKETS * width : start + (i + 1) * width));
  const total = (of: (value: number) => number) => values.reduce((sum, value) => sum + of(value), 0);
  const scalars = [low, high, values.length, total((value) => value), total((value) => value ** 2)];
  return Buffer.concat([
    ...scalars.map((value, i) => Buffer.concat([bytesOf([((i + 1) << 3) | 1]), doubles([value])])),
    field(6, doubles(limits)),
    field(7, doubles(counts)),
  ]);
}

function doubles(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => {
    bytes.writeDoubleLE(value, 8 * i);
  });
  return bytes;
}

/** A TFRecord: the length, the length's checksum, the data, the data's checksum. */
function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, uint32(maskedCrc32c(length)), data, uint32(maskedCrc32c(data))]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** TensorFlow's Event message: wall time in field 1 (double), step in field 2 (int64), then the content. */
function event(seconds: number, step: number, content: Uint8Array): Buffer {
  const time = Buffer.alloc(9);
  time[0] = (1 << 3) | 1;
  time.writeDoubleLE(seconds, 1);
  return Buffer.concat([time, bytesOf(varintField(2, step)), content]);
}

/** A protobuf field of bytes, text or a message. */
function field(number: number, data: Uint8Array): Buffer {
  return Buffer.concat([bytesOf([(number << 3) | 2, ...varint(data.length)]), data]);
}

function floatField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = (number << 3) | 5;
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function varintField(number: number, value: number): number[] {
  return [number << 3, ...varint(value)];
}

/** Seven bits to a byte, the lowest first, the top bit set while more follow. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

function bytesOf(values: readonly number[]): Buffer {
  return Buffer.from(values);
}
