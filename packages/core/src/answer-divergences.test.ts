import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { random } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import { addLora, type LanguageModel, loadAdapter, loadModel } from '@dpo/models';
import { tinyGpt2, tinyLlama } from '@dpo/models/test';
import { describe, expect, it } from 'vitest';
import { type AnswerDivergence, answerDivergences, type DivergenceOptions } from './answer-divergences.js';
import { tokenLogps } from './score.js';

interface Case {
  readonly policy: string;
  readonly reference?: string;
  readonly adapter?: string;
  readonly groups: readonly { prompt: number[]; answers: number[][] }[];
  readonly expected: readonly (readonly { exact: number[]; sampled: number[] }[])[];
}
const fixtures = new URL('../../../tooling/parity/fixtures/', import.meta.url);
const cases = JSON.parse(readFileSync(new URL('divergences/divergences.json', fixtures), 'utf8')) as readonly Case[];
const folder = (kind: string, name: string) => fileURLToPath(new URL(`${kind}/${name}`, fixtures));
const group = (prompt: readonly number[], answers: readonly (readonly number[])[]) => ({
  prompt: Int32Array.from(prompt),
  answers: answers.map((answer) => Int32Array.from(answer)),
});
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

async function modelsOf({ policy, reference, adapter }: Case): Promise<[LanguageModel, LanguageModel, object]> {
  const engine = testEngine();
  const { model } = await loadModel(engine, folder('models', policy));
  if (adapter !== undefined) {
    const adapted = await loadAdapter(model, folder('lora', adapter));
    return [adapted, adapted, { referenceAdapter: false }];
  }
  return [model, (await loadModel(engine, folder('models', reference ?? ''))).model, {}];
}

describe.each(cases)('$policy beside $reference', (fixture) => {
  it('has PyTorch’s divergences, in whatever batches', async () => {
    const [policy, reference, adapterOff] = await modelsOf(fixture);
    const groups = fixture.groups.map(({ prompt, answers }) => group(prompt, answers));
    for (const batchTokens of [4096, 1]) {
      const divergences = await answerDivergences(policy, reference, groups, { ...adapterOff, batchTokens });
      divergences.flat().forEach((answer, i) => {
        const want = fixture.expected.flat()[i];
        expect(answer.exact.length).toBe(want?.exact.length);
        want?.exact.forEach((value, t) => {
          expect(answer.exact[t]).toBeCloseTo(value, 5);
        });
        want?.sampled.forEach((value, t) => {
          expect(answer.sampled[t]).toBeCloseTo(value, 4);
        });
      });
    }
  });
});

/** Every answer of three tokens, of a vocabulary of 4. */
const everyAnswer = Array.from({ length: 64 }, (_, i) => [i >> 4, (i >> 2) & 3, i & 3]);

async function enumerate(policy: LanguageModel, reference: LanguageModel, options: DivergenceOptions = {}) {
  const all = [group([1, 3], everyAnswer)];
  const [divergences] = (await answerDivergences(policy, reference, all, options)) as [AnswerDivergence[]];
  const [logps] = (await tokenLogps(policy, all)) as [Float32Array[]];
  return divergences.map(({ exact, sampled }, i) => ({
    probability: Math.exp(sum(logps[i] as Float32Array)),
    exact: sum(exact),
    sampled: sum(sampled),
  }));
}

describe('over all possible answers', () => {
  const engine = testEngine();
  const small = { vocabSize: 4, deviation: 0.4 };

  it.each([
    ['two models', async () => [tinyLlama(engine, small), tinyGpt2(engine, { ...small, seed: 3 }), {}] as const],
    [
      'an adapter',
      async () => {
        const adapted = await addLora(tinyLlama(engine, small), { rank: 2, alpha: 64, seed: 5 });
        return [adapted, adapted, { referenceAdapter: false }] as const;
      },
    ],
  ])('%s: both sums have the KL of whole answers as their mean, and the exact one varies less', async (_, make) => {
    const [policy, reference, options] = await make();
    // A new adapter changes nothing until its second factor moves.
    let seed = 1;
    for (const variable of policy.adapter?.weights.values() ?? []) {
      const next = random(seed++);
      await variable.write(
        Float32Array.from({ length: variable.shape.reduce((a, b) => a * b, 1) }, () => next() - 0.5),
      );
    }
    const all = await enumerate(policy, reference, options);
    expect(sum(all.map(({ probability }) => probability))).toBeCloseTo(1, 5);
    const meanOf = (value: (each: (typeof all)[number]) => number) =>
      sum(all.map((each) => each.probability * value(each)));
    const kl = meanOf(({ sampled }) => sampled);
    expect(kl).toBeGreaterThan(0.05);
    expect(meanOf(({ exact }) => exact)).toBeCloseTo(kl, 4);
    const variance = (value: (each: (typeof all)[number]) => number) => meanOf((each) => (value(each) - kl) ** 2);
    expect(variance(({ exact }) => exact)).toBeLessThan(variance(({ sampled }) => sampled));
    expect(Math.min(...all.map(({ exact }) => exact))).toBeGreaterThanOrEqual(0);
  });

  it('a model beside itself is at 0, token by token', async () => {
    const model = tinyLlama(engine, small);
    const all = await enumerate(model, model);
    expect(all.every(({ exact, sampled }) => exact === 0 && sampled === 0)).toBe(true);
  });
});

it('refuses what cannot be compared', async () => {
  const engine = testEngine();
  const groups = [group([1], [[2]])];
  const model = tinyLlama(engine, { vocabSize: 8 });
  await expect(answerDivergences(model, tinyGpt2(engine, { vocabSize: 9 }), groups)).rejects.toMatchObject({
    code: 'kl.other-vocabulary',
    values: { policy: 8, reference: 9 },
  });
  await expect(answerDivergences(model, tinyLlama(testEngine(), { vocabSize: 8 }), groups)).rejects.toMatchObject({
    code: 'kl.other-engine',
  });
  await expect(answerDivergences(model, model, groups, { referenceAdapter: false })).rejects.toMatchObject({
    code: 'reference.no-adapter',
  });
});
