import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EncodedAnswer, EncodedExample, EncodedPair, EncodedRanking } from '@dpo/base';
import { openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { loadModel } from '@dpo/models';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { chosenBatches } from '../batches/offline.js';
import type { Method } from '../method.js';
import { adamw } from '../optimizers/adamw.js';
import { learningRates } from '../optimizers/schedules.js';
import { precomputedReference, referenceModel } from '../reference.js';
import { sequenceLogps } from '../score.js';
import { bigramModel } from '../test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from '../trainer.js';
import { ktoMethod } from './kto.js';
import { methodNamed } from './method-named.js';
import { plackettLuceMethod } from './plackett-luce.js';
import { withWeights } from './with-weights.js';

interface Run {
  readonly method: 'kto' | 'plackett-luce' | 'dpo';
  readonly rows: readonly Readonly<Record<string, number[] | number[][] | number | boolean>>[];
  readonly records: readonly Readonly<Record<string, number>>[];
  readonly moved: Readonly<Record<string, number>>;
}

const folder = new URL('../../../../tooling/parity/fixtures/core/', import.meta.url);
const fixture: {
  readonly beta: number;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly desirableWeight: number;
  readonly undesirableWeight: number;
  readonly runs: readonly Run[];
} = JSON.parse(readFileSync(new URL('rows.json', folder), 'utf8'));

const { beta } = fixture;
const best = await openEngine();
afterAll(() => best.dispose());
await tf.setBackend('cpu');

/** Lists of numbers become tokens; everything else stays. */
function tokens<Row>(row: Run['rows'][number]): Row {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => {
      if (!Array.isArray(value)) return [key, value];
      return [
        key,
        Array.isArray(value[0])
          ? value.map((ids) => Int32Array.from(ids as number[]))
          : Int32Array.from(value as number[]),
      ];
    }),
  ) as Row;
}

const runNamed = (name: Run['method']) => fixture.runs.find(({ method }) => method === name) as Run;

async function follow<Row extends EncodedExample>(name: Run['method'], method: Method<Row>, accumulation?: number) {
  const run = runNamed(name);
  const rows = run.rows.map((row) => tokens<Row>(row));
  const path = fileURLToPath(new URL('gpt2', folder));
  const { model } = await loadModel(best, path);
  const { model: frozen } = await loadModel(best, path);
  const before = new Map(
    await Promise.all([...model.trainable()].map(async ([key, v]) => [key, await v.read()] as const)),
  );
  const records: StepRecord[] = [];
  const { learningRate, warmupSteps, steps, batch } = fixture;
  for await (const record of train({
    ...{ model, method, steps, packing: { microBatches: accumulation }, maxGradNorm: 10 },
    reference: referenceModel(frozen),
    optimizer: adamw(),
    batches: chosenBatches(rows, (step) =>
      Array.from({ length: batch }, (_, i) => ((step - 1) * batch + i) % rows.length),
    ),
    learningRate: learningRates({ learningRate, warmupSteps, steps }),
  }))
    records.push(record);
  run.records.forEach((want, k) => {
    for (const [key, value] of Object.entries(want)) {
      const got = (records[k] as unknown as Record<string, number>)[key] as number;
      // Rewards and the KL divergence are differences of sums of some tens.
      const size = key === 'loss' || key === 'grad_norm' ? Math.abs(value) : Math.max(1, Math.abs(value));
      expect(Math.abs(got - value), `step ${k + 1}, ${key}: got ${got}, want ${value}`).toBeLessThan(1e-4 * size);
    }
  });
  for (const [key, norm] of Object.entries(run.moved)) {
    if (key.endsWith('c_attn.bias')) continue; // The gradient of a key's bias is only rounding.
    const old = before.get(key) as Float32Array;
    const now = await (model.trainable().get(key) as { read(): Promise<Float32Array> }).read();
    expect(Math.abs(Math.hypot(...now.map((value, i) => value - (old[i] as number))) - norm), key).toBeLessThan(
      1e-4 * norm,
    );
  }
  return records;
}

const weights = { desirableWeight: fixture.desirableWeight, undesirableWeight: fixture.undesirableWeight };

describe('twelve steps as a plain PyTorch loop takes them', () => {
  it('KTO on judged answers, in one batch and in micro-batches, with the KL divergence of the whole step', async () => {
    const whole = await follow('kto', ktoMethod({ beta, ...weights }));
    expect(Math.max(...whole.map(({ kl = 0 }) => kl))).toBeGreaterThan(0.05);
    await follow('kto', ktoMethod({ beta, ...weights }), 3);
  });

  it('Plackett–Luce on rankings of two to four answers', async () => {
    await follow('plackett-luce', plackettLuceMethod({ beta }));
  });

  it('DPO with a margin and a weight to each pair', async () => {
    await follow<EncodedPair>('dpo', withWeights(methodNamed('dpo', { beta, readMargin: true })));
  });
});

describe('in training', () => {
  const ids = (...values: number[]) => Int32Array.from(values);
  const singles: EncodedAnswer[] = [
    { prompt: ids(1), completion: ids(2, 3), mismatched: ids(4), desirable: true },
    { prompt: ids(2), completion: ids(4), mismatched: ids(5, 6), desirable: false },
    { prompt: ids(3), completion: ids(5, 6), mismatched: ids(7), desirable: true },
    { prompt: ids(4), completion: ids(7), mismatched: ids(2, 3), desirable: true },
  ];
  const kto = (change: Partial<TrainOptions<EncodedAnswer>> = {}): TrainOptions<EncodedAnswer> => {
    const engine = testEngine();
    return {
      model: bigramModel(engine),
      method: ktoMethod({ beta: 0.5 }),
      reference: referenceModel(bigramModel(engine, { name: 'reference', seed: 1 })),
      optimizer: adamw(),
      learningRate: () => 0.05,
      batches: chosenBatches(singles, () => [0, 1, 2, 3]),
      steps: 2,
      ...change,
    };
  };
  const all = async (options: TrainOptions<EncodedAnswer>) => {
    const records: StepRecord[] = [];
    for await (const record of train(options)) records.push(record);
    return records;
  };

  it('records each label’s means, and accuracies over all pairs of the step', async () => {
    const [record] = await all(kto());
    const rewards: number[] = [];
    await all(kto({ onColumns: (step, { columns }) => void (step === 1 && rewards.push(...(columns.rewards ?? []))) }));
    const good = rewards.filter((_, i) => i !== 1);
    const bad = rewards[1] as number;
    expect(record?.['rewards/chosen']).toBeCloseTo(good.reduce((a, b) => a + b) / 3, 6);
    expect(record?.['rewards/rejected']).toBeCloseTo(bad, 6);
    expect(record?.['rewards/accuracies']).toBeCloseTo(good.filter((value) => value > bad).length / 3, 6);
    expect(record?.['rewards/length_correlation']).toBeUndefined();
  });

  it('leaves out the numbers of undesirable answers in a step without such answers', async () => {
    const [record] = await all(kto({ batches: chosenBatches(singles, () => [0, 2]), steps: 1 }));
    expect(record).not.toHaveProperty('rewards/rejected');
    expect(record).not.toHaveProperty('rewards/margins');
    expect(Number.isFinite(record?.loss)).toBe(true);
  });

  it('takes precomputed reference log-probabilities, of the mismatched answers too', async () => {
    const training = kto();
    const start = bigramModel(testEngine(), { name: 'start', seed: 1 });
    const logps = await sequenceLogps(
      start,
      singles.map(({ prompt, completion, mismatched }) => ({ prompt, answers: [completion, mismatched] })),
    );
    const computed = await all({
      ...training,
      reference: precomputedReference({
        completion: logps.map(([logp]) => logp as number),
        mismatched: logps.map(([, logp]) => logp as number),
      }),
    });
    const online = await all(kto());
    computed.forEach(({ loss, kl }, i) => {
      expect(loss).toBeCloseTo(online[i]?.loss as number, 5);
      expect(kl).toBeCloseTo(online[i]?.kl as number, 5);
    });
  });

  it('evaluates with the KL divergence of all held-out rows', async () => {
    const inPieces = await all(
      kto({ evaluation: { examples: singles, everySteps: 1 }, steps: 1, packing: { positions: 6 } }),
    );
    const [whole] = await all(kto({ evaluation: { examples: singles, everySteps: 1 }, steps: 1 }));
    expect(inPieces[0]?.eval_kl).toBeCloseTo(whole?.eval_kl as number, 5);
    expect(inPieces[0]?.eval_loss).toBeCloseTo(whole?.eval_loss as number, 5);
  });

  it('does not take pairs', () => {
    const pairs: EncodedPair[] = [];
    // @ts-expect-error: KTO's examples are judged answers.
    const wrong = () => train({ ...kto(), batches: chosenBatches(pairs, () => [0]) });
    expect(wrong).toBeTypeOf('function');
  });

  it('names the row that lacks a weight, and the losses that take a margin', async () => {
    const rows = singles.map((row, i) => (i === 2 ? row : { ...row, weight: 1 }));
    await expect(
      all(kto({ method: withWeights(ktoMethod()), batches: chosenBatches(rows, () => [0, 1, 2, 3]) })),
    ).rejects.toMatchObject({
      code: 'train.missing-number',
      values: { row: 2, name: 'weight' },
    });
    expect(() => methodNamed('ipo', { readMargin: true })).toThrow(
      expect.objectContaining({ code: 'loss.takes-no-margin', hint: 'The losses with a margin are dpo, hinge.' }),
    );
  });

  it('weights count, and are not normalised', async () => {
    const losses = async (weight: number) =>
      (
        await all(
          kto({
            method: withWeights(ktoMethod({ beta: 0.5 })),
            batches: chosenBatches(
              singles.map((row) => ({ ...row, weight })),
              () => [0, 1, 2, 3],
            ),
            steps: 1,
          }),
        )
      )[0];
    const [one, three] = [await losses(1), await losses(3)];
    expect(three?.loss).toBeCloseTo(3 * (one?.loss as number), 5);
    expect(three?.grad_norm).toBeCloseTo(3 * (one?.grad_norm as number), 4);
  });

  it('rankings take precomputed numbers by row', async () => {
    const rankings: EncodedRanking[] = [
      { prompt: ids(1), answers: [ids(2), ids(3, 4), ids(5)] },
      { prompt: ids(2), answers: [ids(6, 1), ids(3)] },
    ];
    const engine = testEngine();
    const model = bigramModel(engine);
    const logps = await sequenceLogps(model, rankings);
    const records: StepRecord[] = [];
    for await (const record of train({
      ...{ model, optimizer: adamw(), learningRate: () => 0.1, steps: 3 },
      method: plackettLuceMethod({ beta: 1 }),
      reference: precomputedReference(logps),
      batches: chosenBatches(rankings, () => [0, 1]),
    }))
      records.push(record);
    expect(records[0]?.loss).toBeCloseTo((Math.log(6) + Math.log(2)) / 2, 5);
    expect(records[2]?.loss).toBeLessThan(records[0]?.loss as number);
    expect(records[2]?.['rewards/accuracies']).toBe(1);
  });
});
