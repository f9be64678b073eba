import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testEngine } from '@dpo/engine/test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  allAnswers,
  lookUp,
  prompt,
  rewardOf,
  STATES,
  sum,
  treeLogps,
  treeModel,
  treeSampler,
} from './_tree-model-for-tests.js';
import { judge, runTree, type TreeRun } from './_tree-run-for-tests.js';
import { grpo } from './grpo.js';
import { adaptiveKl, fixedKl } from './kl-control.js';
import { type OnPolicyOptions, onPolicyBatches } from './on-policy-batches.js';
import { ppo } from './ppo.js';
import { reinforce } from './reinforce.js';
import type { Reward } from './reward.js';
import { rloo } from './rloo.js';
import type { RolloutExample } from './rollout-example.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-on-policy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a run that is ended', () => {
  const whole = (options: TreeRun) => runTree({ ...options, steps: 12 });
  const methods: readonly (readonly [string, NonNullable<TreeRun['make']>])[] = [
    ['rloo', () => rloo()],
    ['grpo', () => grpo()],
    ['reinforce', () => reinforce()],
    ['ppo', (model) => ppo(model, STATES)],
  ];

  it.each(methods)('between updates of one batch goes on exactly: %s', async (_, make) => {
    const control = adaptiveKl({ beta: 0.3, target: 0.1, horizon: 2 });
    const expected = await whole({ make, control });
    await runTree({ make, control, steps: 6, folder }); // the second of the four steps of the second batch
    const resumed = await runTree({ make, control, steps: 12, folder });
    expect(resumed.policy).toEqual(expected.policy);
    const lasting = ({ loss, reward, kl_coef, num_tokens }: Record<string, number>) => [
      ...[loss, reward, kl_coef, num_tokens],
    ];
    expect(resumed.records.map(lasting)).toEqual(expected.records.slice(6).map(lasting));
  });

  it.each([
    ['sampling', 1],
    ['the reward', 1],
    ['the reward, without a checkpoint so far,', Number.POSITIVE_INFINITY],
  ])('in %s of a later batch goes on exactly', async (where, everySteps) => {
    const expected = await whole({});
    let calls = 0;
    const failing = () => {
      calls++;
      if (calls === 2) throw new Error('The machine went away.');
    };
    const broken: TreeRun = where.startsWith('the reward')
      ? {
          reward: async (requests) => {
            failing();
            return judge(requests);
          },
        }
      : {
          reference: (groups) => {
            failing();
            return lookUp(expected.start)(groups);
          },
        };
    const ended = await runTree({ ...broken, steps: 12, folder, everySteps });
    expect(ended.error).toBeInstanceOf(Error);
    expect(ended.records.length).toBe(4);
    const resumed = await runTree({ steps: 12, folder });
    expect(resumed.records.length).toBe(8);
    expect(resumed.policy).toEqual(expected.policy);
  });
});

describe('the record', () => {
  it('says what the batch was, the same in each of its steps', async () => {
    const { records } = await runTree({ steps: 5 });
    expect(new Set(records.slice(0, 4).map(({ reward }) => reward)).size).toBe(1);
    expect(records[0]).toMatchObject({ kl: 0, 'objective/kl': 0, kl_coef: 0.3, num_samples: 8, num_tokens: 24 });
    expect(records[4]).toMatchObject({ num_samples: 16, num_tokens: 48, 'completions/mean_length': 3 });
    expect(records[4]?.kl).not.toBe(0);
  });

  it('has the KL divergence and the entropy by enumeration where every answer is drawn as often as it is likely', async () => {
    const engine = testEngine();
    const [model, other] = [treeModel(engine, 'policy'), await treeLogps(treeModel(engine, 'start'))];
    const table = model.weights.get('table');
    table?.write(Float32Array.from(await table.read(), (value, i) => value + Math.sin(i)));
    const logps = await treeLogps(model);
    const batches = onPolicyBatches({
      ...{ training: rloo(), prompts: [prompt], promptsPerBatch: 4000, samples: 2, control: fixedKl(0.3) },
      ...{ sample: treeSampler(model), reward: judge, reference: lookUp(other) },
    });
    const { records = {} } = await batches.batch(1);
    const p = logps.map((tokens) => Math.exp(sum(tokens)));
    const mean = (of: (i: number) => number) => sum(p.map((each, i) => each * of(i)));
    const kl = mean((i) => sum(logps[i] as Float32Array) - sum(other[i] as Float32Array));
    // Of 8000 draws each answer has its share to one draw.
    expect(Math.abs((records['objective/kl'] as number) - kl)).toBeLessThan(0.01);
    expect(records.kl).toBeCloseTo((records['objective/kl'] as number) / 3, 6);
    expect(Math.abs((records.entropy as number) + mean((i) => sum(logps[i] as Float32Array)) / 3)).toBeLessThan(0.005);
    expect(Math.abs((records.reward as number) - mean((i) => rewardOf(allAnswers[i] as Int32Array)))).toBeLessThan(
      0.01,
    );
    await engine.dispose();
  });

  it('counts dead groups, which change nothing', async () => {
    const { records, policy, start } = await runTree({
      reward: async (all) => all.map(({ answers }) => answers.map(() => 5)),
      control: fixedKl(0),
    });
    expect(records[0]).toMatchObject({ dead_groups: 4, frac_reward_zero_std: 1, reward_std: 0 });
    expect(policy).toEqual(start.map((tokens) => [...tokens]));
  });

  it('follows the KL divergence with β', async () => {
    const { records } = await runTree({ control: adaptiveKl({ beta: 0.3, target: 1, horizon: 2 }), steps: 9 });
    // The first batch is 0 nats away: e = −0.2.
    expect(records.map(({ kl_coef }) => kl_coef).slice(3, 6)).toEqual([0.3, 0.27, 0.27]);
  });

  it.each([
    [{ penalty: 2 } as const, -2],
    [{ score: -7 } as const, -7],
    ['nothing' as const, 0],
  ])('has answers without an end as %j says', async (unended, reward) => {
    const cut: OnPolicyOptions<RolloutExample>['sample'] = async ({ prompts, samples }) =>
      prompts.map(() =>
        Array.from({ length: samples }, (_, k) => ({
          ...{ tokens: Int32Array.of(1, 2, 3), logps: new Float32Array(3), ended: k > 0 },
        })),
      );
    const zero: Reward = async (all) => all.map(({ answers }) => answers.map(() => 0));
    const { records } = await runTree({ sample: cut, reward: zero, unended, steps: 1 });
    expect(records[0]).toMatchObject({ reward: reward / 2, 'completions/clipped_ratio': 0.5 });
  });
});

describe('an update whose ratios are beyond belief', () => {
  it('is left out, weights and optimizer as before, and counted', async () => {
    const make = () => rloo({ maxRatio: 0.5 });
    const { records, policy, start } = await runTree({ make, steps: 3 });
    expect(records.map((record) => record['ratio/skipped'])).toEqual([1, 1, 1]);
    expect(records[0]?.ratio).toBe(1);
    expect(records[0]?.grad_norm).toBeGreaterThan(0);
    expect(policy).toEqual(start.map((tokens) => [...tokens]));
  });

  it('does not happen below the bound', async () => {
    const { records } = await runTree({ steps: 4 });
    expect(records.map((record) => record['ratio/skipped'])).toEqual([0, 0, 0, 0]);
  });
});

describe('numbers that do not fit', () => {
  it.each([
    ['rloo needs at least 2 samples', { samples: 1 }],
    ['divided evenly into 3', { minibatches: 3 }],
    ['epochs must be a whole number', { epochs: 0.5 }],
  ])('%s', async (says, options) => {
    const { error } = await runTree(options);
    expect(error).toMatchObject({ code: 'on-policy.out-of-range', message: expect.stringContaining(says) });
  });

  it('refuses a sampler that gives too little', async () => {
    const { error } = await runTree({ sample: async ({ prompts }) => prompts.map(() => []) });
    expect(error).toMatchObject({ code: 'on-policy.bad-sample' });
  });
});
