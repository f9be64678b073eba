import { testEngine } from '@dpo/engine/test';
import { describe, expect, it } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import {
  type ByteDirectory,
  type ByteFiles,
  byteCheckpoints,
  directoryFiles,
  memoryFiles,
} from './byte-checkpoints.js';
import { methodNamed } from './methods/method-named.js';
import { optimizers } from './optimizers/registry.js';
import { movingReference } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from './trainer.js';

const pairs = Array.from({ length: 6 }, (_, i) => ({
  prompt: Int32Array.of(i % 7),
  chosen: Int32Array.of((i * 5) % 11, 10),
  rejected: Int32Array.of((i * 2) % 9, 10),
}));

/** A training of eight steps with a moving reference, which has tensors of its own in checkpoints. */
async function run(change: Partial<TrainOptions>) {
  const engine = testEngine();
  const model = bigramModel(engine);
  const records: StepRecord[] = [];
  const training = train({
    ...{ model, method: methodNamed('dpo'), optimizer: optimizers.adamw(), steps: 8, learningRate: () => 0.05 },
    reference: await movingReference(model, { everySteps: 3, mixup: 0.5 }),
    batches: chosenBatches(pairs, (step) => [step % 6, (step * 5) % 6]),
    ...change,
  });
  for await (const record of training) records.push(record);
  const weights = await Promise.all([...model.weights.values()].map((variable) => variable.read()));
  await engine.dispose();
  return { losses: records.map(({ loss }) => loss), weights };
}

/**
 * A directory of a browser in memory: a new file is empty, and has its content once its writer is closed. The directory has a
 * directory within it, and room for so many bytes.
 */
function fakeDirectory(room = Number.POSITIVE_INFINITY): ByteDirectory {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    async *keys() {
      yield 'a-directory';
      yield* files.keys();
    },
    async getFileHandle(name, { create = false } = {}) {
      if (name === 'a-directory') throw new Error('TypeMismatchError');
      if (create && !files.has(name)) files.set(name, new Uint8Array());
      return {
        getFile: async () => new Blob([files.get(name) ?? new Uint8Array()]),
        async createWritable() {
          const pieces: Uint8Array<ArrayBuffer>[] = [];
          return {
            async write(data) {
              pieces.push(data);
              if (pieces.reduce((sum, { length }) => sum + length, 0) > room)
                throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
            },
            close: async () => void files.set(name, new Uint8Array(await new Blob(pieces).arrayBuffer())),
            abort: async () => undefined,
          };
        },
      };
    },
    removeEntry: async (name) => void files.delete(name),
  };
}

describe.each([
  ['memory', memoryFiles],
  ['a directory of a browser', () => directoryFiles(fakeDirectory())],
])('checkpoints in %s', (_, open) => {
  it('train 8 = train 5, kill, resume 3', async () => {
    const whole = await run({});
    const store = byteCheckpoints(open());
    const names: string[] = [];
    const checkpoints = { store, everySteps: 2, keep: 2, onSaved: (name: string) => names.push(name) };
    await run({ steps: 5, checkpoints });
    expect(names).toEqual(['checkpoint-2.bin', 'checkpoint-4.bin', 'checkpoint-5.bin']);
    expect(await store.list()).toEqual([
      { name: 'checkpoint-4.bin', step: 4 },
      { name: 'checkpoint-5.bin', step: 5 },
    ]);
    const resumed = await run({ checkpoints, resume: 'checkpoint-5.bin' });
    expect(resumed.losses).toEqual(whole.losses.slice(5));
    expect(resumed.weights).toEqual(whole.weights);
  });
});

describe('a directory of a browser that is full', () => {
  it('keeps the checkpoints that it has, and says how much does not fit', async () => {
    const files = directoryFiles(fakeDirectory(100));
    await files.write('checkpoint-1.bin', [new Uint8Array(60)]);
    await expect(files.write('checkpoint-2.bin', [new Uint8Array(60), new Uint8Array(60)])).rejects.toMatchObject({
      code: 'file.storage-full',
      values: { name: 'checkpoint-2.bin', bytes: 120 },
    });
    expect(await files.names()).toEqual(['checkpoint-1.bin']);
    expect(await files.read('checkpoint-2.bin')).toBeUndefined();
    expect((await files.read('checkpoint-1.bin'))?.length).toBe(60);
  });
});

describe('a checkpoint in bytes', async () => {
  const files = memoryFiles();
  await run({ steps: 2, checkpoints: { store: byteCheckpoints(files) } });
  const bytes = (await files.read('checkpoint-2.bin')) as Uint8Array;
  const resume = (damaged: Uint8Array | undefined) => {
    const store = byteCheckpoints({ ...memoryFiles(), read: async () => damaged } satisfies ByteFiles);
    return run({ checkpoints: { store }, resume: 'checkpoint-2.bin' });
  };

  it.each([
    ['missing', () => undefined],
    ['empty', () => new Uint8Array()],
    ['cut off within its header', () => bytes.slice(0, 40)],
    ['cut off within its numbers', () => bytes.slice(0, -1)],
    ['longer than it says', () => Uint8Array.of(...bytes, 0)],
    ['of another content', () => bytes.map((byte, i) => (i === 8 ? 0 : byte))],
  ])('that is %s is refused', async (_, damage) => {
    await expect(resume(damage())).rejects.toMatchObject({ code: 'checkpoint.unreadable' });
  });

  it('of another optimizer or model is refused', async () => {
    const store = byteCheckpoints(files);
    const other = { checkpoints: { store }, resume: 'checkpoint-2.bin' };
    await expect(run({ ...other, optimizer: optimizers.sgd() })).rejects.toMatchObject({ code: 'checkpoint.mismatch' });
  });
});
