import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileDigest, leftoverName } from '@dpo/base/files';

import type { Engine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { weightSaver } from './_save-weights-for-tests.js';
import { chosenBatches } from './batches/offline.js';
import { latestCheckpoint, listCheckpoints } from './list-checkpoints.js';
import { methodNamed } from './methods/method-named.js';
import type { TrainableModel } from './model.js';
import { optimizers } from './optimizers/registry.js';
import { learningRates } from './optimizers/schedules.js';
import { readCheckpointState } from './read-checkpoint-state.js';
import { referenceModel } from './reference.js';
import { openMetrics, readMetrics } from './run-files.js';
import { bigramModel } from './test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from './trainer.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-core-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pairs = Array.from({ length: 10 }, (_, i) => ({
  prompt: Int32Array.of(i % 7, (i * 3) % 11),
  chosen: Int32Array.of((i * 5) % 11, i % 4, 10),
  rejected: Int32Array.of((i * 2) % 9, 10),
}));

function setUp(engine: Engine, change: Partial<TrainOptions> = {}) {
  const model = bigramModel(engine);
  const options: TrainOptions = {
    model,
    method: methodNamed('dpo'),
    reference: referenceModel(bigramModel(engine, { name: 'reference' })),
    optimizer: optimizers.adamw(),
    learningRate: learningRates({ learningRate: 0.03, schedule: 'cosine', warmupSteps: 3, steps: 10 }),
    batches: chosenBatches(pairs, (step) => [step % 10, (step * 3) % 10, (step * 7) % 10]),
    steps: 10,
    checkpoints: { folder, saveModel: weightSaver(model), everySteps: 5, config: { beta: 0.1 } },
    ...change,
  };
  return { model, options };
}

async function run(options: TrainOptions, until = Number.POSITIVE_INFINITY): Promise<StepRecord[]> {
  const records: StepRecord[] = [];
  for await (const record of train(options)) {
    if (record.step > until) break;
    records.push(record);
  }
  return records;
}

async function weightsOf(model: TrainableModel): Promise<number[]> {
  const weights = await Promise.all([...model.weights.values()].map((variable) => variable.read()));
  return weights.flatMap((values) => [...values]);
}

/** A record without its numbers of the machine. */
const essence = ({ pairs_per_second: _, peak_rss_bytes: __, ...rest }: StepRecord) => rest;

describe('train 10 = train 5, kill, resume 5', () => {
  const cases = [
    ['adamw', optimizers.adamw({ weightDecay: 0.1 })],
    ['rmsprop', optimizers.rmsprop()],
    ['rmsprop with momentum', optimizers.rmsprop({ momentum: 0.8 })],
    ['lion', optimizers.lion({ weightDecay: 0.1 })],
    ['adafactor', optimizers.adafactor({ scaleParameter: true })],
    ['sgd', optimizers.sgd()],
    ['sgd with momentum', optimizers.sgd({ momentum: 0.9 })],
  ] as const;

  it.each(cases)('%s', async (_, optimizer) => {
    const whole = setUp(testEngine(), { optimizer, checkpoints: undefined });
    const wholeRecords = await run(whole.options);

    // Leaving the loop at step 8 acts as a kill: the steps after the checkpoint of step 5 are lost.
    const killed = setUp(testEngine(), { optimizer });
    await run(killed.options, 7);
    const checkpoint = (await latestCheckpoint(folder)) as string;
    expect(checkpoint).toBe(join(folder, 'checkpoint-5'));

    const resumed = setUp(testEngine(), { optimizer, resume: checkpoint });
    const records = await run(resumed.options);
    expect(records.map(essence)).toEqual(wholeRecords.slice(5).map(essence));
    expect(await weightsOf(resumed.model)).toEqual(await weightsOf(whole.model));
  });

  it('after an abort, with accumulation, from the checkpoint that the abort wrote', async () => {
    const whole = setUp(testEngine(), { packing: { microBatches: 3 }, checkpoints: undefined });
    const wholeRecords = await run(whole.options);
    const controller = new AbortController();
    const stopped = setUp(testEngine(), { packing: { microBatches: 3 }, signal: controller.signal });
    for await (const { step } of train(stopped.options)) if (step === 7) controller.abort();
    expect(await latestCheckpoint(folder)).toBe(join(folder, 'checkpoint-7'));
    const resumed = setUp(testEngine(), { packing: { microBatches: 3 }, resume: join(folder, 'checkpoint-7') });
    expect((await run(resumed.options)).map(essence)).toEqual(wholeRecords.slice(7).map(essence));
    expect(await weightsOf(resumed.model)).toEqual(await weightsOf(whole.model));
  });

  it('does nothing when the run is done', async () => {
    await run(setUp(testEngine()).options);
    const again = setUp(testEngine(), { resume: join(folder, 'checkpoint-10') });
    expect(await run(again.options)).toEqual([]);
  });
});

describe('checkpoints', () => {
  it('hold the run’s state, method, optimizer and files', async () => {
    const saved: string[] = [];
    const { options, model } = setUp(testEngine());
    const onSaved = (path: string) => saved.push(path);
    await run({
      ...options,
      checkpoints: {
        folder,
        everySteps: 4,
        saveModel: weightSaver(model),
        config: { beta: 0.1 },
        onSaved,
      },
    });
    expect(saved.map((path) => path.slice(folder.length + 1))).toEqual([
      'checkpoint-4',
      'checkpoint-8',
      'checkpoint-10',
    ]);
    expect(await readCheckpointState(join(folder, 'checkpoint-8'))).toEqual({
      version: 1,
      step: 8,
      updates: 8,
      skipped: 0,
      pairs: 24,
      method: 'dpo',
      optimizer: { name: 'adamw', settings: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 } },
      config: { beta: 0.1 },
      files: {
        'model.safetensors': await fileDigest(join(folder, 'checkpoint-8', 'model.safetensors')),
        'optimizer.safetensors': await fileDigest(join(folder, 'checkpoint-8', 'optimizer.safetensors')),
      },
    });
    expect((await readdir(join(folder, 'checkpoint-8'))).sort()).toEqual([
      '.dpo.json',
      'model.safetensors',
      'optimizer.safetensors',
      'trainer_state.json',
    ]);
  });

  it('keep the configuration of the checkpoints, whatever else the options hold', async () => {
    const { options, model } = setUp(testEngine());
    const checkpoints = { folder, config: { beta: 0.1 }, saveModel: weightSaver(model) };
    await run({ ...options, steps: 1, checkpoints, ...{ config: 'of the caller', folder: 'elsewhere', run: 'other' } });
    const { config, run: key } = await readCheckpointState(join(folder, 'checkpoint-1'));
    expect([config, key]).toEqual([{ beta: 0.1 }, undefined]);
  });

  it('are pruned and listed by the step in their states, not by their names', async () => {
    const { options, model } = setUp(testEngine());
    const checkpoints = { folder, everySteps: 2, keep: 2, saveModel: weightSaver(model) };
    await run({ ...options, steps: 4, checkpoints });
    // The checkpoint of step 2 under a later name is still the oldest.
    await rename(join(folder, 'checkpoint-2'), join(folder, 'checkpoint-5'));
    expect((await listCheckpoints(folder)).map(({ step, path }) => [step, basename(path)])).toEqual([
      [2, 'checkpoint-5'],
      [4, 'checkpoint-4'],
    ]);
    const resumed = setUp(testEngine(), { steps: 6, resume: join(folder, 'checkpoint-4') });
    await run({ ...resumed.options, checkpoints });
    expect((await listCheckpoints(folder)).map(({ step, path }) => [step, basename(path)])).toEqual([
      [4, 'checkpoint-4'],
      [6, 'checkpoint-6'],
    ]);
  });

  it('are pruned to the last n, half-written ones too', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    await mkdir(leftoverName(join(folder, 'checkpoint-3')).replace(`.${process.pid}-`, `.${pid}-`));
    const { options, model } = setUp(testEngine());
    const checkpoints = { folder, everySteps: 2, keep: 2, saveModel: weightSaver(model) };
    await run({ ...options, checkpoints });
    expect((await readdir(folder)).sort()).toEqual(['checkpoint-10', 'checkpoint-8']);
    expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([8, 10]);
  });

  it('leave the one before alone when writing fails', async () => {
    const { options, model } = setUp(testEngine());
    let full = false;
    const checkpoints = {
      folder,
      everySteps: 5,
      keep: 1,
      saveModel: async (into: string) => {
        await weightSaver(model)(into);
        if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        full = true;
      },
    };
    await expect(run({ ...options, checkpoints })).rejects.toThrow(expect.objectContaining({ code: 'file.disk-full' }));
    expect(await readdir(folder)).toEqual(['checkpoint-5']);
    const resumed = setUp(testEngine(), { resume: join(folder, 'checkpoint-5') });
    expect((await run(resumed.options)).length).toBe(5);
  });

  it('that do not fit are refused before anything is changed', async () => {
    await run(setUp(testEngine()).options);
    const path = join(folder, 'checkpoint-10');
    await expect(run(setUp(testEngine(), { resume: path, optimizer: optimizers.sgd() }).options)).rejects.toThrow(
      expect.objectContaining({ code: 'checkpoint.mismatch' }),
    );
    const engine = testEngine();
    const larger = bigramModel(engine, { vocabSize: 13 });
    const before = await weightsOf(larger);
    await expect(run({ ...setUp(engine).options, model: larger, resume: path })).rejects.toThrow(
      /has table as \[11,11\], this run as \[13,13\]/,
    );
    expect(await weightsOf(larger)).toEqual(before);
  });

  it('that are broken say so', async () => {
    await expect(readCheckpointState(folder)).rejects.toThrow(
      expect.objectContaining({ code: 'checkpoint.unreadable' }),
    );
    for (const text of ['{', 'null', '{"version":2}', '{"version":1,"step":-1}']) {
      await writeFile(join(folder, 'trainer_state.json'), text);
      await expect(readCheckpointState(folder)).rejects.toThrow(
        expect.objectContaining({ code: 'checkpoint.unreadable' }),
      );
    }
    expect(await latestCheckpoint(join(folder, 'nowhere'))).toBeUndefined();
  });
});

describe('metrics.jsonl', () => {
  it('holds one line to a step, and is cut back to the checkpoint on resume', async () => {
    const first = await openMetrics(folder);
    for await (const record of train(setUp(testEngine()).options)) {
      if (record.step > 7) break;
      await first.append(record);
    }
    // A kill in the middle of a write.
    await writeFile(first.path, `${await readFile(first.path, 'utf8')}{"step":8,"lo`);
    expect((await readMetrics(folder)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);

    const checkpoint = (await latestCheckpoint(folder)) as string;
    const { step } = await readCheckpointState(checkpoint);
    const second = await openMetrics(folder, step);
    for await (const record of train(setUp(testEngine(), { resume: checkpoint }).options)) await second.append(record);
    const records = await readMetrics(folder);
    expect(records.map((record) => record.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(Object.keys(records[0] as object)).toEqual([
      'step',
      'epoch',
      'loss',
      'rewards/chosen',
      'rewards/rejected',
      'rewards/accuracies',
      'rewards/margins',
      'logps/chosen',
      'logps/rejected',
      'grad_norm',
      'learning_rate',
      'pairs_per_second',
      'peak_rss_bytes',
    ]);
  });

  it.each(['nonsense', 'null', '7', '[]', '{"loss":1}', '{"step":"1"}', '\0\0\0', '{"step":2'])(
    'names a line in the middle that is %j, and leaves a last line of the kind out',
    async (line) => {
      await writeFile(join(folder, 'metrics.jsonl'), `{"step":1}\n${line}\n{"step":3}\n`);
      await expect(readMetrics(folder)).rejects.toMatchObject({ code: 'run.bad-metrics', values: { line: 2 } });
      for (const end of ['\n', '']) {
        await writeFile(join(folder, 'metrics.jsonl'), `{"step":1}\n${line}${end}`);
        expect(await readMetrics(folder)).toEqual([{ step: 1 }]);
      }
    },
  );
});
