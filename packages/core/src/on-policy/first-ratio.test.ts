import { testEngine } from '@dpo/engine/test';
import { generate, type LanguageModel } from '@dpo/models';
import { tinyLlama } from '@dpo/models/test';
import { describe, expect, it } from 'vitest';
import { adamw } from '../optimizers/adamw.js';
import { noReference } from '../reference.js';
import { openLogpScorer } from '../token-scorer.js';
import { train } from '../trainer.js';
import { sum } from './_tree-model-for-tests.js';
import { grpo } from './grpo.js';
import { fixedKl } from './kl-control.js';
import { onPolicyBatches } from './on-policy-batches.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { ppo } from './ppo.js';
import { reinforce } from './reinforce.js';
import { rloo } from './rloo.js';
import type { RolloutExample } from './rollout-example.js';

describe('on a language model with prompts of several lengths', () => {
  const prompts = [[1, 2], [3, 4, 5, 6, 7, 8, 9], [5]].map((ids) => Int32Array.from(ids));

  async function records(make: (model: LanguageModel) => OnPolicyMethod<RolloutExample>) {
    const engine = testEngine();
    const model = tinyLlama(engine);
    const training = make(model);
    const batches = onPolicyBatches({
      ...{ training, prompts, promptsPerBatch: 3, samples: 3, control: fixedKl(0.1), epochs: 2 },
      sample: async ({ prompts: batch, samples, seed }) => {
        const answers = await generate(model, batch, {
          samples,
          seed,
          maxNewTokens: 6,
          stopTokens: Array.from({ length: 48 }, (_, i) => 2 * i),
        });
        return batch.map((_, g) =>
          answers
            .filter((each) => each.prompt === g)
            .map(({ tokens, logps, finished }) => ({ tokens, logps, ended: finished })),
        );
      },
      reward: async (all) => all.map(({ answers }) => answers.map(({ tokens }) => sum(tokens) % 7)),
      reference: openLogpScorer(tinyLlama(engine)).score,
    });
    const list: Record<string, number>[] = [];
    const options = { model, method: training.method, reference: noReference(), batches, steps: 2 };
    for await (const record of train<RolloutExample>({ ...options, optimizer: adamw(), learningRate: () => 0.01 }))
      list.push(record as unknown as Record<string, number>);
    await engine.dispose();
    return list;
  }

  it.each([
    ['rloo', () => rloo()],
    ['grpo', () => grpo()],
    ['reinforce', () => reinforce()],
    ['ppo', (model: LanguageModel) => ppo(model, 32)],
  ] as const)(
    'the ratio of %s is exactly 1 before the first update, and what generation computed is what is trained',
    async (_, make) => {
      const [first, second] = await records(make);
      expect(first?.ratio).toBe(1);
      expect(first?.['sampling/sampling_logp_difference/mean']).toBeLessThan(1e-5);
      expect(first?.['completions/min_length']).toBeLessThan(6);
      expect(first?.['objective/kl']).toBeLessThan(1e-4);
      expect(second?.ratio).not.toBe(1);
      expect(second).not.toHaveProperty('sampling/sampling_logp_difference/mean');
    },
  );
});
