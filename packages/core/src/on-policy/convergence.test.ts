import type { EncodedExample, EncodedPair } from '@dpo/base';
import { openEngine } from '@dpo/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { chosenBatches } from '../batches/offline.js';
import { methodNamed } from '../methods/method-named.js';
import { withWeights } from '../methods/with-weights.js';
import type { TrainableModel } from '../model.js';
import { adamw } from '../optimizers/adamw.js';
import { noReference, referenceModel } from '../reference.js';
import { type TrainOptions, train } from '../trainer.js';
import {
  allAnswers,
  lookUp,
  optimum,
  prompt,
  rewardOf,
  STATES,
  totalVariation,
  treeLogps,
  treeModel,
  treeSampler,
} from './_tree-model-for-tests.js';
import { grpo } from './grpo.js';
import { fixedKl } from './kl-control.js';
import { onPolicyBatches } from './on-policy-batches.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { ppo } from './ppo.js';
import { reinforce } from './reinforce.js';
import { rloo } from './rloo.js';
import type { RolloutExample } from './rollout-example.js';

const betas = [0.3, 0.5, 1];
/** TensorFlow where there is one. */
const engine = await openEngine();
afterAll(() => engine.dispose());

interface Setting {
  readonly make: (model: TrainableModel) => OnPolicyMethod<RolloutExample>;
  readonly promptsPerBatch: number;
  readonly samples: number;
  readonly steps: number;
  readonly epochs?: number;
}

const settings: Readonly<Record<string, Setting>> = {
  rloo: { make: () => rloo(), promptsPerBatch: 32, samples: 4, steps: 90 },
  'grpo with the penalty in the reward': {
    make: () => grpo({ penalty: 'reward', scaleRewards: 'group' }),
    ...{ promptsPerBatch: 32, samples: 4, steps: 90 },
  },
  reinforce: { make: () => reinforce(), promptsPerBatch: 128, samples: 1, steps: 100 },
  ppo: {
    make: (model) => ppo(model, STATES, { valueWeight: 1, valueClip: 10 }),
    ...{ promptsPerBatch: 128, samples: 1, steps: 320, epochs: 2 },
  },
};

type Rest<E extends EncodedExample> = Pick<TrainOptions<E>, 'method' | 'batches' | 'reference' | 'steps'>;

/** How far the policy is from π* before a training and after it. */
async function distances<E extends EncodedExample>(
  beta: number,
  rest: (model: TrainableModel, reference: TrainableModel, start: readonly Float32Array[]) => Rest<E>,
): Promise<{ readonly before: number; readonly after: number }> {
  const [model, reference] = [treeModel(engine, 'policy'), treeModel(engine, 'reference')];
  const start = await treeLogps(reference);
  const best = optimum(start, beta);
  const options = rest(model, reference, start);
  const learningRate = (step: number) => 0.2 * (1 - (step - 1) / options.steps);
  const optimizer = adamw({ beta2: 0.99 });
  for await (const record of train({ model, ...options, optimizer, learningRate }))
    expect(record.skipped).toBe(undefined);
  const after = totalVariation(await treeLogps(model), best);
  for (const each of [model, reference]) for (const variable of each.weights.values()) variable.dispose();
  return { before: totalVariation(start, best), after };
}

describe.each(betas)('at β = %f', (beta) => {
  it.each(Object.entries(settings))('%s converges to π*(y) ∝ π_ref(y) exp(R(y) / β)', async (_, setting) => {
    const { make, steps, ...others } = setting;
    const { before, after } = await distances<RolloutExample>(beta, (model, __, start) => {
      const training = make(model);
      const batches = onPolicyBatches({
        ...{ training, ...others, control: fixedKl(beta) },
        prompts: [prompt],
        sample: treeSampler(model),
        reward: async (requests) => requests.map(({ answers }) => answers.map(({ tokens }) => rewardOf(tokens))),
        reference: lookUp(start),
      });
      return { method: training.method, batches, reference: noReference(), steps };
    });
    expect(before).toBeGreaterThan(0.2);
    expect(after).toBeLessThan(0.02);
  });

  it('dpo on pairs labelled by the same reward does, too', async () => {
    // Every pair of answers at some distance, with P(y ≻ y') = σ(R − R') as the weight of either order.
    const pairs = [1, 2, 5, 13, 31, 47].flatMap((distance) =>
      allAnswers.map((chosen, i): EncodedPair => {
        const j = (i + distance) % allAnswers.length;
        const rejected = allAnswers[j] as Int32Array;
        return { prompt, chosen, rejected, weight: 0 };
      }),
    );
    const labelled = pairs.flatMap((pair) => {
      const won = 1 / (1 + Math.exp(rewardOf(pair.rejected) - rewardOf(pair.chosen)));
      return [
        { ...pair, weight: won },
        { ...pair, chosen: pair.rejected, rejected: pair.chosen, weight: 1 - won },
      ];
    });
    const { before, after } = await distances<EncodedPair>(beta, (_, reference) => ({
      method: withWeights(methodNamed('dpo', { beta })),
      batches: chosenBatches(labelled, (step) =>
        Array.from({ length: 250 }, (__, i) => (i + 250 * (step - 1)) % labelled.length),
      ),
      reference: referenceModel(reference),
      steps: 90,
    }));
    expect(before).toBeGreaterThan(0.2);
    expect(after).toBeLessThan(0.02);
  });
});
