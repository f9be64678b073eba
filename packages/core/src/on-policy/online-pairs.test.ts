import { testEngine } from '@dpo/engine/test';
import { describe, expect, it } from 'vitest';
import { methodNamed } from '../methods/method-named.js';
import { supervisedMethod } from '../methods/supervised.js';
import { adamw } from '../optimizers/adamw.js';
import { referenceModel } from '../reference.js';
import { train } from '../trainer.js';
import { lookUp, prompt, treeLogps, treeModel, treeSampler } from './_tree-model-for-tests.js';
import { judge } from './_tree-run-for-tests.js';
import { fixedKl } from './kl-control.js';
import { onPolicyBatches } from './on-policy-batches.js';
import { bestSamples, onlinePairs } from './online-pairs.js';
import type { Rollout } from './rollout.js';

describe('pairs and best samples', () => {
  const answer = (token: number, reward: number) => ({
    ...{
      tokens: Int32Array.of(token),
      logps: new Float32Array(1),
      reference: new Float32Array(1),
      ended: true,
      reward,
    },
  });
  const rollouts: readonly Rollout[] = [
    { prompt, row: 0, answers: [answer(1, 0.5), answer(2, 3), answer(3, -1), answer(4, 3)] },
    { prompt, row: 1, answers: [answer(1, 2), answer(2, 2)] },
  ];

  it('are the highest reward against the lowest, where they differ', () => {
    const pairs = onlinePairs(methodNamed('dpo')).examples(rollouts, { beta: 0.1, fresh: true });
    expect(pairs.map(({ chosen, rejected, weight }) => [...chosen, ...rejected, weight])).toEqual([
      [2, 3, 1],
      [1, 1, 0],
    ]);
  });

  it('train by online DPO and by rejection sampling towards higher rewards', async () => {
    for (const make of [() => onlinePairs(methodNamed('dpo', { beta: 0.3 })), () => bestSamples(supervisedMethod())]) {
      const engine = testEngine();
      const [model, reference] = [treeModel(engine, 'policy'), treeModel(engine, 'reference')];
      const training = make();
      const batches = onPolicyBatches({
        ...{ training, prompts: [prompt], promptsPerBatch: 16, samples: 2, control: fixedKl(0.3) },
        ...{ sample: treeSampler(model), reward: judge, reference: lookUp(await treeLogps(reference)) },
      });
      const options = { model, method: training.method, batches, optimizer: adamw(), steps: 12 };
      const rewards: number[] = [];
      for await (const record of train({ ...options, learningRate: () => 0.1, reference: referenceModel(reference) }))
        rewards.push((record as unknown as { reward: number }).reward);
      expect(rewards.at(-1)).toBeGreaterThan((rewards[0] as number) + 0.15);
      await engine.dispose();
    }
  });
});
