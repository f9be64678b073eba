import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@dpo/base/safetensors';
import { testEngine } from '@dpo/engine/test';
import { generate, type LanguageModel } from '@dpo/models';
import { tinyLlama } from '@dpo/models/test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { latestCheckpoint } from '../list-checkpoints.js';
import { methodNamed } from '../methods/method-named.js';
import { supervisedMethod } from '../methods/supervised.js';
import type { TrainableModel } from '../model.js';
import { adamw } from '../optimizers/adamw.js';
import { noReference, referenceModel } from '../reference.js';
import { openLogpScorer } from '../token-scorer.js';
import { type StepRecord, train } from '../trainer.js';
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
import { grpo } from './grpo.js';
import { adaptiveKl, fixedKl } from './kl-control.js';
import { type OnPolicyOptions, onPolicyBatches } from './on-policy-batches.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { bestSamples, onlinePairs } from './online-pairs.js';
import { ppo } from './ppo.js';
import { reinforce } from './reinforce.js';
import { type Reward, rewardByPrompt } from './reward.js';
import { rloo } from './rloo.js';
import type { Rollout } from './rollout.js';
import type { RolloutExample } from './rollout-example.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-on-policy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const judge: Reward = async (requests) => requests.map(({ answers }) => answers.map(({ tokens }) => rewardOf(tokens)));

type Given = Partial<OnPolicyOptions<RolloutExample>> & {
  readonly make?: (model: TrainableModel) => OnPolicyMethod<RolloutExample>;
  readonly steps?: number;
  readonly rate?: number;
  readonly checkpoints?: boolean;
};

/** Trains a tree; its records, the policy afterwards, and the error if there was one. */
async function run({ make = () => rloo(), steps = 8, rate = 0.1, checkpoints = false, ...given }: Given) {
  const engine = testEngine();
  const model = treeModel(engine, 'policy');
  const start = await treeLogps(model);
  const training = make(model);
  const records: StepRecord[] = [];
  let error: unknown;
  try {
    const batches = onPolicyBatches({
      ...{ training, prompts: Array.from({ length: 6 }, () => prompt), promptsPerBatch: 4, samples: 2 },
      ...{ control: fixedKl(0.3), epochs: 2, minibatches: 2, seed: 3 },
      ...{ sample: treeSampler(model), reward: judge, reference: lookUp(start), ...given },
    });
    const trained = train<RolloutExample>({
      ...{ model, method: training.method, reference: noReference(), optimizer: adamw(), batches, steps },
      learningRate: () => rate,
      ...(checkpoints
        ? {
            resume: await latestCheckpoint(folder),
            checkpoints: { folder, everySteps: 1, keep: 1, saveModel: (into: string) => save(model, into) },
          }
        : {}),
    });
    for await (const record of trained) records.push(record);
  } catch (caught) {
    error = caught;
  }
  const policy = (await treeLogps(model)).map((tokens) => [...tokens]);
  await engine.dispose();
  return { records: records as unknown as Record<string, number>[], policy, start, error };
}

async function save(model: TrainableModel, into: string): Promise<void> {
  const entries = [...model.trainable()].map(([name, variable]) => ({
    ...{ name, shape: variable.shape, dtype: 'float32' as const, data: () => variable.read() },
  }));
  await writeSafetensors(join(into, 'model.safetensors'), entries);
}

describe('a run that is ended', () => {
  const whole = (given: Given) => run({ ...given, steps: 12 });
  const methods: readonly (readonly [string, NonNullable<Given['make']>])[] = [
    ['rloo', () => rloo()],
    ['grpo', () => grpo()],
    ['reinforce', () => reinforce()],
    ['ppo', (model) => ppo(model, STATES)],
  ];

  it.each(methods)('between updates of one batch goes on exactly: %s', async (_, make) => {
    const control = adaptiveKl({ beta: 0.3, target: 0.1, horizon: 2 });
    const expected = await whole({ make, control });
    await run({ make, control, steps: 6, checkpoints: true }); // the second of the four steps of the second batch
    const resumed = await run({ make, control, steps: 12, checkpoints: true });
    expect(resumed.policy).toEqual(expected.policy);
    const lasting = ({ loss, reward, kl_coef, num_tokens }: Record<string, number>) => [
      ...[loss, reward, kl_coef, num_tokens],
    ];
    expect(resumed.records.map(lasting)).toEqual(expected.records.slice(6).map(lasting));
  });

  it.each(['sampling', 'the reward'])('in %s of a later batch goes on exactly', async (where) => {
    const expected = await whole({});
    let calls = 0;
    const failing = () => {
      calls++;
      if (calls === 2) throw new Error('The machine went away.');
    };
    const broken: Given =
      where === 'the reward'
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
    const ended = await run({ ...broken, steps: 12, checkpoints: true });
    expect(ended.error).toBeInstanceOf(Error);
    expect(ended.records.length).toBe(4);
    const resumed = await run({ steps: 12, checkpoints: true });
    expect(resumed.records.length).toBe(8);
    expect(resumed.policy).toEqual(expected.policy);
  });
});

describe('the record', () => {
  it('says what the batch was, the same in each of its steps', async () => {
    const { records } = await run({ steps: 5 });
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
    const { records, policy, start } = await run({
      reward: async (all) => all.map(({ answers }) => answers.map(() => 5)),
      control: fixedKl(0),
    });
    expect(records[0]).toMatchObject({ dead_groups: 4, frac_reward_zero_std: 1, reward_std: 0 });
    expect(policy).toEqual(start.map((tokens) => [...tokens]));
  });

  it('follows the KL divergence with β', async () => {
    const { records } = await run({ control: adaptiveKl({ beta: 0.3, target: 1, horizon: 2 }), steps: 9 });
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
    const { records } = await run({ sample: cut, reward: zero, unended, steps: 1 });
    expect(records[0]).toMatchObject({ reward: reward / 2, 'completions/clipped_ratio': 0.5 });
  });
});

describe('an update whose ratios are beyond belief', () => {
  it('is left out, weights and optimizer as before, and counted', async () => {
    const make = () => rloo({ maxRatio: 0.5 });
    const { records, policy, start } = await run({ make, steps: 3 });
    expect(records.map((record) => record['ratio/skipped'])).toEqual([1, 1, 1]);
    expect(records[0]?.ratio).toBe(1);
    expect(records[0]?.grad_norm).toBeGreaterThan(0);
    expect(policy).toEqual(start.map((tokens) => [...tokens]));
  });

  it('does not happen below the bound', async () => {
    const { records } = await run({ steps: 4 });
    expect(records.map((record) => record['ratio/skipped'])).toEqual([0, 0, 0, 0]);
  });
});

describe('a reward that fails', () => {
  const one = (reward: Reward) => run({ reward, steps: 1 });

  it.each([
    ['reward.not-a-number', async () => [[1, Number.NaN], ...Array(3).fill([1, 1])], 'sample 1 of prompt'],
    ['reward.wrong-count', async () => [[1], ...Array(3).fill([1, 1])], '1 numbers for the 2 answers to prompt'],
    ['reward.wrong-count', async () => [], '0 numbers for the 2 answers to prompt'],
    [
      'reward.failed',
      rewardByPrompt(async () => {
        throw new Error('no such service');
      }),
      'no such service',
    ],
    ['reward.timed-out', rewardByPrompt(() => new Promise(() => undefined), { seconds: 0.01 }), 'within 0.01 s'],
  ] as const)('%s', async (code, reward, says) => {
    const { error, records } = await one(reward as Reward);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(says),
      values: { prompt: expect.any(Number) },
    });
    expect(records).toEqual([]);
  });

  it('is asked prompt by prompt', async () => {
    const asked: number[] = [];
    const reward = rewardByPrompt(async ({ row, answers }) => {
      asked.push(row);
      return answers.map(({ tokens }) => rewardOf(tokens));
    });
    const [plain, byPrompt] = [await run({ steps: 2 }), await one(reward)];
    expect(byPrompt.records[0]?.reward).toBe(plain.records[0]?.reward);
    expect(new Set(asked).size).toBe(4);
  });
});

describe('numbers that do not fit', () => {
  it.each([
    ['rloo needs at least 2 samples', { samples: 1 }],
    ['divided evenly into 3', { minibatches: 3 }],
    ['epochs must be a whole number', { epochs: 0.5 }],
  ])('%s', async (says, given) => {
    const { error } = await run(given);
    expect(error).toMatchObject({ code: 'on-policy.out-of-range', message: expect.stringContaining(says) });
  });

  it('refuses a sampler that gives too little', async () => {
    const { error } = await run({ sample: async ({ prompts }) => prompts.map(() => []) });
    expect(error).toMatchObject({ code: 'on-policy.bad-sample' });
  });
});

describe('on a language model with prompts of several lengths', () => {
  const prompts = [[1, 2], [3, 4, 5, 6, 7, 8, 9], [5]].map((ids) => Int32Array.from(ids));

  async function records(make: (model: LanguageModel) => OnPolicyMethod<RolloutExample>) {
    const engine = testEngine();
    const model = tinyLlama(engine);
    const training = make(model);
    const batches = onPolicyBatches({
      ...{ training, prompts, promptsPerBatch: 3, samples: 3, control: fixedKl(0.1), epochs: 2 },
      sample: async ({ prompts: given, samples, seed }) => {
        const drawn = await generate(model, given, {
          samples,
          seed,
          maxNewTokens: 6,
          stopTokens: Array.from({ length: 48 }, (_, i) => 2 * i),
        });
        return given.map((_, g) =>
          drawn
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
      const got: number[] = [];
      for await (const record of train({ ...options, learningRate: () => 0.1, reference: referenceModel(reference) }))
        got.push((record as unknown as { reward: number }).reward);
      expect(got.at(-1)).toBeGreaterThan((got[0] as number) + 0.15);
      await engine.dispose();
    }
  });
});
