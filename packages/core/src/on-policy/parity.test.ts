import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openEngine } from '@dpo/engine';
import { type LanguageModel, loadModel } from '@dpo/models';
import { afterAll, expect, it } from 'vitest';
import { adamw } from '../optimizers/adamw.js';
import { noReference } from '../reference.js';
import { train } from '../trainer.js';
import { type GrpoOptions, grpo } from './grpo.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { ppo } from './ppo.js';
import { rloo } from './rloo.js';
import type { Rollout } from './rollout.js';
import type { RolloutExample } from './rollout-example.js';
import { readRollouts, type StoredRollout } from './stored-rollouts.js';

interface Run {
  readonly records: readonly Readonly<Record<string, number>>[];
  /** How far each weight moved, and the sum of its moves with the weights cos 0, cos 1, …. */
  readonly weights: Readonly<Record<string, readonly [number, number]>>;
  /** The value head at the end, its bias last. */
  readonly head?: readonly number[];
}

const folder = new URL('../../../../tooling/parity/fixtures/core/', import.meta.url);
const fixture = JSON.parse(readFileSync(new URL('on-policy.json', folder), 'utf8')) as {
  readonly beta: number;
  readonly rate: number;
  readonly clip: number;
  readonly shift: number;
  readonly minibatches: number;
  readonly orders: readonly (readonly number[])[];
  readonly longest: number;
  readonly rollouts: readonly StoredRollout[];
  /** The rollouts of TRL's runs, whose prompts are of one length. */
  readonly evenRollouts: readonly StoredRollout[];
  readonly runs: Readonly<Record<string, Run>>;
};
const rolloutsOf = (json: readonly StoredRollout[]): readonly Rollout[] =>
  readRollouts(json.map((rollout, row) => ({ ...rollout, row })));

/** TensorFlow where there is one. */
const engine = await openEngine();
afterAll(() => engine.dispose());

/** The reference's weights, every element i of each shifted by a multiple of sin i. */
async function policy(): Promise<LanguageModel> {
  const { model } = await loadModel(engine, fileURLToPath(new URL('gpt2', folder)));
  for (const variable of model.weights.values())
    variable.write(Float32Array.from(await variable.read(), (value, i) => value + fixture.shift * Math.sin(i)));
  return model;
}

/** Rollouts of the whole batch in every step, or the minibatches of the loops. */
const all = fixture.rollouts.map((_, g) => g);
const size = all.length / fixture.minibatches;
const minibatches = fixture.orders.flatMap((order) => [order.slice(0, size), order.slice(size)]);

const trl = (options: GrpoOptions) => ({
  make: () => grpo(options),
  optimizer: adamw(),
  order: all.map(() => all).concat(all.map(() => all)),
});
const settings: Readonly<
  Record<
    string,
    {
      readonly make: (model: LanguageModel) => OnPolicyMethod<RolloutExample>;
      readonly optimizer: ReturnType<typeof adamw>;
      readonly order: readonly (readonly number[])[];
    }
  >
> = {
  rloo: { make: () => rloo(), optimizer: adamw({ epsilon: 1e-5, epsilonForm: 'tensorflow' }), order: minibatches },
  ppo: {
    make: (model) => ppo(model, model.config.width),
    ...{ optimizer: adamw({ epsilon: 1e-5, epsilonForm: 'tensorflow' }), order: minibatches },
  },
  'trl-rloo': { ...trl({}), make: () => rloo() },
  'trl-grpo-grpo': trl({}),
  'trl-grpo-dr_grpo': trl({ lossType: 'dr_grpo', scaleRewards: 'none', maxNewTokens: fixture.longest }),
  'trl-grpo-dapo': trl({ lossType: 'dapo', scaleRewards: 'batch', high: 0.28 }),
};

it.each(Object.keys(settings))('eight updates as PyTorch makes them: %s', async (name) => {
  const { make, optimizer, order } = settings[name] as (typeof settings)[string];
  const expected = fixture.runs[name] as Run;
  const rollouts = rolloutsOf(name.startsWith('trl') ? fixture.evenRollouts : fixture.rollouts);
  const model = await policy();
  const before = new Map<string, Float32Array>();
  for (const [weight, variable] of model.weights) before.set(weight, await variable.read());
  const training = make(model);
  const batches = {
    batch: (step: number) => {
      const examples = training.examples(rollouts, { beta: fixture.beta, fresh: step === 1 });
      return { examples: (order[step - 1] ?? []).map((g) => examples[g] as RolloutExample) };
    },
  };
  const options = { model, method: training.method, reference: noReference(), optimizer, batches, steps: 8 };
  const steps = train<RolloutExample>({ ...options, learningRate: () => fixture.rate, maxGradNorm: fixture.clip });
  for await (const record of steps)
    for (const [key, value] of Object.entries(expected.records[record.step - 1] ?? {})) {
      const got = (record as unknown as Record<string, number>)[key];
      // What TRL says of rewards and KL belongs to the batch, which is not drawn here.
      if (got === undefined) continue;
      expect(Math.abs(got - value), `step ${record.step}, ${key}: ${got}, not ${value}`).toBeLessThan(
        1e-4 * Math.max(0.1, Math.abs(value)),
      );
    }
  for (const [weight, [norm, sum]] of Object.entries(expected.weights)) {
    // A key's bias shifts all of a query's scores alike: its gradient is rounding noise, which Adam makes a step of.
    if (weight.endsWith('c_attn.bias')) continue;
    const old = before.get(weight) as Float32Array;
    const now = (await model.weights.get(weight)?.read()) as Float32Array;
    const moved = Array.from(now, (value, i) => value - (old[i] as number));
    expect(Math.abs(Math.hypot(...moved) - norm), weight).toBeLessThan(1e-4 * Math.max(norm, 0.01));
    const got = moved.reduce((total, move, i) => total + move * Math.cos(i), 0);
    expect(Math.abs(got - sum), weight).toBeLessThan(1e-3 * Math.max(norm, 0.01));
  }
  if (expected.head !== undefined) {
    const [weights, bias] = [...training.method.trainables.values()];
    const head = [...((await weights?.read()) ?? []), ...((await bias?.read()) ?? [])];
    head.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.head?.[i] as number, 5);
    });
  }
  training.dispose();
  model.dispose();
});
