import { testEngine } from '@dpo/engine/test';
import { describe, expect, it } from 'vitest';
import { all, bigramLogp, bigramTraining, close, pairs, weightsOf } from './_training-for-tests.js';
import { chosenBatches } from './batches/offline.js';
import { optimizers } from './optimizers/registry.js';
import { precomputedReference, type ReferenceNumbers } from './reference.js';
import { type StepRecord, train } from './trainer.js';

describe('references', () => {
  it('precomputed numbers train as the model that computed them', async () => {
    // Adam would turn gradients that are only rounding errors into full steps.
    const optimizer = optimizers.sgd({ momentum: 0.5 });
    const online = bigramTraining(testEngine(), { optimizer });
    const start = await weightsOf(online.model);
    const reference = precomputedReference({
      chosen: pairs.map(({ prompt, chosen }) => bigramLogp(start, prompt, chosen)),
      rejected: pairs.map(({ prompt, rejected }) => bigramLogp(start, prompt, rejected)),
    });
    const before = bigramTraining(testEngine(), { optimizer, reference });
    const [a, b] = [await all(train(online)), await all(train(before))];
    close(
      b.map(({ loss }) => loss),
      a.map(({ loss }) => loss),
    );
    close(await weightsOf(before.model), await weightsOf(online.model), 1e-4);
  });

  it('names the row whose number is missing', async () => {
    const reference = precomputedReference({ chosen: [-1, -2], rejected: [-1, Number.NaN] });
    await expect(all(train(bigramTraining(testEngine(), { reference })))).rejects.toThrow(
      expect.objectContaining({ code: 'reference.missing', values: { row: 1, side: 'rejected' } }),
    );
  });
});

describe('gradients that are not finite', () => {
  const broken = (until: number) => {
    const logps = (value: number) => Array.from({ length: pairs.length }, () => value);
    const reference = precomputedReference({ chosen: logps(-4), rejected: logps(-4) });
    return {
      ...reference,
      numbers: ({ indices }: { readonly indices: readonly number[] }): ReferenceNumbers => {
        const bad = indices.includes(0) && until-- > 0;
        return { kind: 'answers', values: indices.map(() => (bad ? [Number.NaN, Number.NaN] : [-4, -4])) };
      },
    };
  };
  const first = () => [0, 1, 2, 3];

  it.each([1, 2])('leave the weights alone and are recorded (%i micro-batches)', async (accumulation) => {
    const training = bigramTraining(testEngine(), {
      reference: broken(2),
      batches: chosenBatches(pairs, first),
      steps: 4,
      packing: { microBatches: accumulation },
    });
    const before = await weightsOf(training.model);
    const records: StepRecord[] = [];
    for await (const record of train(training)) {
      records.push(record);
      if (record.step === 2) expect(await weightsOf(training.model)).toEqual(before);
    }
    expect(records.map(({ skipped }) => skipped)).toEqual([true, true, undefined, undefined]);
    expect(records.map(({ rows }) => rows)).toEqual([first(), first(), undefined, undefined]);
    expect(records[3]?.loss).toBeLessThan(records[2]?.loss as number);
    expect((await weightsOf(training.model)).every(Number.isFinite)).toBe(true);
  });

  it('end the run after three in a row', async () => {
    const steps: number[] = [];
    const run = async () => {
      for await (const { step } of train(
        bigramTraining(testEngine(), { reference: broken(9), batches: chosenBatches(pairs, first) }),
      ))
        steps.push(step);
    };
    await expect(run()).rejects.toThrow(expect.objectContaining({ code: 'train.not-finite' }));
    expect(steps).toEqual([1, 2, 3]);
  });
});
