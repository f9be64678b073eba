import { type EncodedAnswer, type EncodedExample, type EncodedPair, type EncodedRanking, random } from '@dpo/base';
import type { Engine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { addLora, type LanguageModel } from '@dpo/models';
import { tinyLlama } from '@dpo/models/test';
import { expect, it } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import { byteCheckpoints, memoryFiles } from './byte-checkpoints.js';
import { ktoMethod } from './methods/kto.js';
import { methodNamed } from './methods/method-named.js';
import { plackettLuceMethod } from './methods/plackett-luce.js';
import { supervisedMethod } from './methods/supervised.js';
import { optimizers } from './optimizers/registry.js';
import { noReference, referenceModel, withoutAdapter } from './reference.js';
import { type TrainOptions, train } from './trainer.js';

const STEPS = 12;

const next = random(8);
const tokens = (length: number) => Int32Array.from({ length }, () => 1 + Math.floor(next() * 90));
const pairs: EncodedPair[] = Array.from({ length: 8 }, (_, i) => ({
  prompt: tokens(2 + (i % 3)),
  chosen: tokens(2 + (i % 4)),
  rejected: tokens(2 + ((3 * i) % 5)),
}));
const rankings: EncodedRanking[] = pairs.map(({ prompt, chosen, rejected }) => ({
  prompt,
  answers: [chosen, rejected, tokens(3)],
}));
const judged: EncodedAnswer[] = pairs.map(({ prompt, chosen, rejected }, i) => ({
  prompt,
  completion: chosen,
  mismatched: rejected,
  desirable: i % 3 > 0,
}));

/** What a run changes of DPO by AdamW on all weights. */
interface Run {
  readonly dropout?: number;
  readonly options: (model: LanguageModel) => Partial<TrainOptions<never>>;
}
/** Batches of four of any examples. */
const fours = (examples: readonly EncodedExample[]) =>
  chosenBatches(examples, (step) =>
    [0, 1, 2, 3].map((i) => (4 * step + i) % examples.length),
  ) as TrainOptions<never>['batches'];
const method = (of: unknown) => of as TrainOptions<never>['method'];

const runs: Readonly<Record<string, Run>> = {
  DPO: { options: () => ({}) },
  accumulation: { options: () => ({ packing: { microBatches: 2 } }) },
  recomputation: { options: () => ({ activationCheckpointing: true }) },
  SFT: { options: () => ({ method: method(supervisedMethod({ averageOver: 'answers' })), reference: noReference() }) },
  KTO: { options: () => ({ method: method(ktoMethod({ beta: 0.5 })), batches: fours(judged) }) },
  'Plackett–Luce': { options: () => ({ method: method(plackettLuceMethod({ beta: 0.5 })), batches: fours(rankings) }) },
  ...Object.fromEntries(
    (['rmsprop', 'sgd', 'lion', 'adafactor'] as const).map((name) => [
      name,
      // A step by signs turns a gradient that is all rounding into a full step, so that it must be small.
      { options: () => ({ optimizer: optimizers[name](), learningRate: () => (name === 'lion' ? 1e-4 : 1e-3) }) },
    ]),
  ),
};

/** Losses, norms and the weights after the last step. */
export async function follow(
  engine: Engine,
  { dropout, options }: Run,
  change: Partial<TrainOptions<never>> = {},
  afterStep: (step: number) => void = () => undefined,
): Promise<number[]> {
  const base = tinyLlama(engine, { seed: 3, deviation: 0.1 });
  const model = dropout === undefined ? base : await addLora(base, { rank: 2, alpha: 4, dropout, seed: 1 });
  const reference =
    dropout === undefined ? referenceModel(tinyLlama(engine, { seed: 4, deviation: 0.1 })) : withoutAdapter(model);
  const numbers: number[] = [];
  for await (const { step, loss, grad_norm } of train<never>({
    ...{ model, reference, method: method(methodNamed('dpo', { beta: 0.5 })), batches: fours(pairs), steps: STEPS },
    ...{ optimizer: optimizers.adamw({ weightDecay: 0.1 }), learningRate: () => 1e-3, maxGradNorm: 1 },
    ...options(model),
    ...change,
  })) {
    numbers.push(loss, grad_norm);
    afterStep(step);
  }
  for (const variable of model.trainable().values()) numbers.push(...(await variable.read()));
  model.dispose();
  return numbers;
}

function expectClose(got: readonly number[], want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  for (const [i, value] of want.entries())
    expect(Math.abs((got[i] as number) - value), `number ${i}: ${got[i]}, want ${value}`).toBeLessThan(
      1e-4 * Math.max(1, Math.abs(value)),
    );
}

/**
 * Tests that trainings on an engine give the numbers of plain JavaScript, and that a resumed training goes on to the bit.
 *
 * @param engine gives the engine, which a hook opens before the tests
 */
export function testTrajectories(engine: () => Engine): void {
  it('trains with LoRA and dropout in micro-batches as plain JavaScript does, and resumes bit for bit', async () => {
    const store = byteCheckpoints(memoryFiles());
    const run: Run = { dropout: 0.3, options: () => ({ packing: { microBatches: 2 } }) };
    const whole = await follow(engine(), run, { checkpoints: { store, everySteps: STEPS / 2 } });
    expectClose(whole, await follow(testEngine(), run));
    const half = (await store.list()).find(({ step }) => step === STEPS / 2);
    const resumed = await follow(engine(), run, { checkpoints: { store }, resume: half?.name });
    // Two numbers to a step, and all weights.
    expect(resumed).toEqual(whole.slice(STEPS));
  }, 900_000);

  it.each(Object.entries(runs))(
    'takes as many steps as plain JavaScript does: %s',
    async (_, run) => {
      expectClose(await follow(engine(), run), await follow(testEngine(), run));
    },
    900_000,
  );
}
