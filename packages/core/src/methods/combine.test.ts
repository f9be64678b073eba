import { type EncodedPair, random } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { chosenBatches } from '../batches/offline.js';
import { defineMethod, type KeptState, type Method } from '../method.js';
import { optimizers } from '../optimizers/registry.js';
import { noReference, referenceModel } from '../reference.js';
import { bigramModel } from '../test/bigram-model.js';
import { type StepRecord, train } from '../trainer.js';
import { combine } from './combine.js';
import { methodNamed } from './method-named.js';
import { rewardMethod } from './reward.js';
import { sumOfMethods } from './sum-of-methods.js';
import { supervisedMethod } from './supervised.js';
import { withLengthDesensitization } from './with-length-desensitization.js';
import { withPolicyWeights } from './with-policy-weights.js';
import { withWeights } from './with-weights.js';

const uniform = random(5);
const tokens = (length: number) => Int32Array.from({ length }, () => Math.floor(uniform() * 11));
const pairs: EncodedPair[] = Array.from({ length: 6 }, (_, i) => ({
  prompt: tokens(1 + (i % 3)),
  chosen: tokens(1 + ((3 * i) % 5)),
  rejected: tokens(2 + ((2 * i) % 4)),
  weight: 0.5 + i,
  margin: 0.1 * i,
}));

/** The loss and the gradient's norm of the first step of a method. */
async function firstStep(method: Method, examples: readonly EncodedPair[] = pairs, microBatches = 1) {
  const engine = testEngine();
  const model = bigramModel(engine);
  const reference = referenceModel(bigramModel(engine, { name: 'reference', seed: 1 }));
  const records: StepRecord[] = [];
  for await (const record of train({
    ...{ model, method, reference, optimizer: optimizers.sgd(), learningRate: () => 0.1, steps: 1 },
    batches: chosenBatches(examples, () => examples.keys()),
    packing: { microBatches },
    // The steps of several methods add up only when no gradient is clipped.
    maxGradNorm: Number.POSITIVE_INFINITY,
  }))
    records.push(record);
  const weights = await Promise.all([...model.trainable().values()].map((variable) => variable.read()));
  await engine.dispose();
  return { loss: records[0]?.loss as number, weights: weights.flatMap((values) => [...values]), record: records[0] };
}

const dpo = methodNamed('dpo', { beta: 0.5 });
const decorators: Readonly<Record<string, (method: Method) => Method>> = {
  'length desensitisation': (method) => withLengthDesensitization(method, 0.3),
  'policy weights': withPolicyWeights,
  weights: withWeights,
};
const methods: Readonly<Record<string, Method>> = {
  dpo,
  'dpo with margins': methodNamed('dpo', { beta: 0.5, readMargin: true }),
  ipo: methodNamed('ipo', { beta: 0.5 }),
  simpo: methodNamed('simpo', { beta: 2 }),
  'fine-tuning by tokens': supervisedMethod(),
  'fine-tuning by answers': supervisedMethod({ averageOver: 'answers' }),
  aot: methodNamed('aot', { beta: 0.5 }),
  'aot, unpaired': methodNamed('aot-unpaired', { beta: 0.5 }),
  reward: rewardMethod(),
};
const decorated = Object.entries(methods).flatMap(([name, method]) => [
  [name, method] as const,
  ...Object.entries(decorators).flatMap(([by, decorate]) =>
    by === 'policy weights' && method.needs.others ? [] : [[`${name} under ${by}`, decorate(method)] as const],
  ),
]);

/** The policy's weights before the step. */
const start = (
  await firstStep(
    defineMethod<EncodedPair, 'chosen'>({
      name: 'nothing',
      answers: { chosen: ({ chosen }) => chosen },
      apply: ({ answers: { chosen } }) => ({ losses: tf.mul(chosen.policy, 0), columns: {} }),
    }),
  )
).weights;
const alone = new Map<string, Awaited<ReturnType<typeof firstStep>>>();
for (const [name, method] of decorated) alone.set(name, await firstStep(method));

describe('a sum is the sum of its terms, whatever they read', () => {
  const couples = decorated.flatMap(([a], i) => decorated.slice(i).map(([b]) => [a, b] as const));
  // A third of the couples keeps the test quick; every method, decorated in every way, stands in some of the sums.
  it.each(couples.filter((_, i) => i % 3 === 0))('%s and %s', async (a, b) => {
    const method = new Map(decorated);
    const terms = [
      { method: method.get(a) as Method, weight: 0.5 },
      { method: method.get(b) as Method, weight: 2 },
    ];
    const [one, two] = [alone.get(a), alone.get(b)];
    const sum = await firstStep(sumOfMethods(terms), pairs, 2);
    const want = 0.5 * (one?.loss as number) + 2 * (two?.loss as number);
    expect(Math.abs(sum.loss - want)).toBeLessThan(1e-5 * Math.max(1, Math.abs(want)));
    // In gradient descent moves add up as gradients do.
    sum.weights.forEach((weight, i) => {
      const from = start[i] as number;
      const moved = 0.5 * ((one?.weights[i] as number) - from) + 2 * ((two?.weights[i] as number) - from);
      expect(Math.abs(weight - from - moved)).toBeLessThan(1e-4);
    });
  });
});

describe('decorators inside decorators', () => {
  const names = Object.keys(decorators);
  it.each(names.flatMap((a) => names.map((b) => [a, b] as const)))('%s around %s', async (outer, inner) => {
    const [by, within] = [decorators[outer], decorators[inner]] as [(m: Method) => Method, (m: Method) => Method];
    const sums = [
      await firstStep(sumOfMethods([{ method: by(within(dpo)) }])),
      await firstStep(by(sumOfMethods([{ method: within(dpo) }]))),
      await firstStep(by(within(sumOfMethods([{ method: dpo }])))),
    ];
    const plain = await firstStep(by(within(dpo)));
    for (const each of sums) {
      expect(each.loss).toBeCloseTo(plain.loss, 6);
      each.weights.forEach((weight, i) => {
        expect(weight).toBeCloseTo(plain.weights[i] as number, 5);
      });
    }
    if (outer !== inner) expect(plain.loss).not.toBeCloseTo((await firstStep(within(dpo))).loss, 4);
  });

  it('counts tokens by both α when length desensitisation stands twice', async () => {
    const twice = await firstStep(withLengthDesensitization(withLengthDesensitization(dpo, 0.5), 0.4));
    expect(twice.loss).toBeCloseTo((await firstStep(withLengthDesensitization(dpo, 0.2))).loss, 6);
  });
});

describe('what a combination keeps of its parts', () => {
  const memory = (): KeptState & { value: unknown } => ({
    value: 0,
    read() {
      return this.value;
    },
    write(value) {
      this.value = value;
    },
  });

  it('needs, trainables and states of all parts', () => {
    const [a, b] = [memory(), memory()];
    const engine = testEngine();
    const one = engine.variable('one', [1]);
    const parts = [
      defineMethod({ ...dpo, state: a, trainables: new Map([['head', one]]), needs: { reference: 'answers' } }),
      dpo,
      defineMethod({
        ...dpo,
        state: b,
        trainables: new Map([['head', one]]),
        needs: { alignments: true, others: true, states: true },
        accepts: ({ margin = [] }) => margin[0] !== 1,
      }),
    ];
    const both = combine(parts, { name: 'both', needs: { reference: 'tokens' }, losses: () => tf.tensor1d([]) });
    expect(both.needs).toEqual({ reference: 'tokens', alignments: true, others: true, states: true });
    // Each part sees its own columns, and a single part that refuses is enough.
    expect(both.accepts?.({ '2/margin': [0], '1/margin': [1] })).toBe(true);
    expect(both.accepts?.({ '2/margin': [1] })).toBe(false);
    expect(combine([dpo], { name: 'one', losses: () => tf.tensor1d([]) }).accepts).toBeUndefined();
    expect([...both.trainables.keys()]).toEqual(['0/head', '2/head']);
    [a.value, b.value] = [{ x: 1 }, 7];
    expect(both.state?.read()).toEqual([{ x: 1 }, null, 7]);
    both.state?.write([{ x: 2 }, null, 8]);
    expect([a.value, b.value]).toEqual([{ x: 2 }, 8]);
    expect(combine([dpo], { name: 'one', losses: () => tf.tensor1d([]) }).state).toBeUndefined();
  });

  it('trainables of a part, under the part’s own name', async () => {
    const engine = testEngine();
    const bias = engine.variable('bias', [1], Float32Array.of(0.25));
    const biased = defineMethod<EncodedPair, 'chosen'>({
      name: 'biased',
      answers: { chosen: ({ chosen }) => chosen },
      trainables: new Map([['bias', bias]]),
      // (log π + b)²
      apply: ({ answers: { chosen }, trainable }) => {
        const losses = tf.square(tf.add<tf.Tensor1D>(chosen.policy, tf.reshape(trainable('bias'), [])));
        return { losses, columns: {} };
      },
    });
    const method = withWeights(sumOfMethods([{ method: dpo }, { method: biased, weight: 0.1 }]));
    for await (const _ of train({
      ...{ model: bigramModel(engine), method, reference: noReference(), optimizer: optimizers.sgd() },
      ...{ learningRate: () => 0.01, steps: 3, batches: chosenBatches(pairs, () => [0, 1]), maxGradNorm: 1e9 },
    }));
    // log π is below 0, so that the bias goes up.
    expect((await bias.read())[0]).toBeGreaterThan(0.26);
    await engine.dispose();
  });

  it('of records with the same name, the first part’s', async () => {
    const method = sumOfMethods([{ method: supervisedMethod() }, { method: dpo }, { method: methods.ipo as Method }]);
    const { record } = await firstStep(method);
    const { record: plain } = await firstStep(dpo);
    for (const name of ['rewards/chosen', 'rewards/margins', 'logps/chosen', 'logps/rejected'] as const)
      expect(record?.[name]).toBeCloseTo(plain?.[name] as number, 5);
  });
});
