import { testEngine } from '@dpo/engine/test';
import { describe, expect, it } from 'vitest';
import { addLora } from '../lora/add-lora.js';
import { loadModel } from '../model/load-model.js';
import type { LanguageModel } from '../model/types.js';
import { fixtureExpected, fixtureFolder, fixtureModels } from '../test/_fixtures-for-tests.js';
import { scoreGroups } from '../test/_packing-for-tests.js';
import { tinyGpt2, tinyLlama } from '../test/tiny-models.js';
import { generate } from './generation.js';

const prompts = [[5, 9, 33], [7], [1, 2, 3, 4, 5, 6, 7]];

/** log π of each sample by the forward pass of training. */
async function scoreSamples(model: LanguageModel, generations: readonly { prompt: number; tokens: Int32Array }[]) {
  const groups = generations.map(({ prompt, tokens }) => ({
    prompt: prompts[prompt] as number[],
    answers: [[...tokens]],
  }));
  return (await scoreGroups(model, groups)).flat();
}

describe('greedy continuations are those of transformers', () => {
  it.each(fixtureModels)('%s', async (name) => {
    const { greedy } = fixtureExpected(name);
    const { model } = await loadModel(testEngine(), fixtureFolder(name));
    const greedyPrompts = greedy.map(({ prompt }) => prompt);
    const got = await generate(model, greedyPrompts, { maxNewTokens: 12, temperature: 0 });
    expect(got.map(({ tokens }) => [...tokens])).toEqual(greedy.map(({ tokens }) => tokens));
    expect(got.every(({ finished }) => !finished)).toBe(true);
  });
});

describe.each([
  ['GPT-2', tinyGpt2],
  ['Llama', tinyLlama],
])('%s', (_, make) => {
  it('gives the log-probabilities that scoring gives', async () => {
    const model = make(testEngine());
    for (const options of [{ temperature: 1 }, { temperature: 0.7 }, { temperature: 0 }, { topK: 5 }, { topP: 0.5 }]) {
      const got = await generate(model, prompts, { samples: 2, maxNewTokens: 4, seed: 1, ...options });
      const sums = got.map(({ logps }) => logps.reduce((sum, logp) => sum + logp, 0));
      const want = await scoreSamples(model, got);
      sums.forEach((sum, i) => {
        expect(Math.abs(sum - (want[i] as number))).toBeLessThan(1e-4 * Math.abs(sum));
      });
    }
  });

  it('gives the same samples in whatever batches', async () => {
    const model = make(testEngine());
    const options = { samples: 3, maxNewTokens: 5, seed: 4, topK: undefined };
    const whole = await generate(model, prompts, options);
    expect(whole.map(({ prompt, sample }) => [prompt, sample])).toEqual(
      prompts.flatMap((_, prompt) => [0, 1, 2].map((sample) => [prompt, sample])),
    );
    for (const batchSize of [1, 2, 4]) {
      const got = await generate(model, prompts, { ...options, batchSize });
      expect(got.map(({ tokens }) => [...tokens])).toEqual(whole.map(({ tokens }) => [...tokens]));
    }
    const alone = await generate(model, prompts.slice(0, 1), { ...options, samples: 1 });
    expect([...(alone[0]?.tokens ?? [])]).toEqual([...(whole[0]?.tokens ?? [])]);
    const other = await generate(model, prompts, { ...options, seed: 5 });
    expect(other.map(({ tokens }) => [...tokens])).not.toEqual(whole.map(({ tokens }) => [...tokens]));
  });
});

describe('sampling', () => {
  it('draws tokens as often as the model and the temperature say', async () => {
    const model = tinyLlama(testEngine(), { vocabSize: 6, deviation: 0.6 });
    for (const temperature of [1, 0.5]) {
      const n = 2000;
      const [prompt, vocabulary] = [
        [1, 2],
        [0, 1, 2, 3, 4, 5],
      ];
      const logps = (await scoreGroups(model, [{ prompt, answers: vocabulary.map((id) => [id]) }])).flat();
      const weights = logps.map((logp) => Math.exp(logp / temperature));
      const all = weights.reduce((a, b) => a + b);
      const samples = await generate(model, [prompt], { samples: n, maxNewTokens: 1, temperature, batchSize: n });
      const counts = vocabulary.map((id) => samples.filter(({ tokens }) => tokens[0] === id).length);
      const chiSquare = counts.reduce((sum, count, id) => {
        const expected = (n * (weights[id] as number)) / all;
        return sum + (count - expected) ** 2 / expected;
      }, 0);
      expect(chiSquare).toBeLessThan(20.5); // 99.9 % of the distribution with 5 degrees of freedom
    }
  });

  it('ends a sample with a stop token, and the batch with its last sample', async () => {
    const model = tinyGpt2(testEngine(), { vocabSize: 5 });
    const progress: number[] = [];
    const onProgress = (tokens: number) => progress.push(tokens);
    const got = await generate(model, [[1], [2]], {
      samples: 4,
      maxNewTokens: 20,
      seed: 2,
      stopTokens: [0, 3],
      onProgress,
    });
    for (const { tokens, logps, finished } of got) {
      const stop = tokens.findIndex((id) => id === 0 || id === 3);
      expect(finished).toBe(stop >= 0);
      if (finished) expect(stop).toBe(tokens.length - 1);
      expect(logps).toHaveLength(tokens.length);
    }
    expect(got.some(({ finished }) => finished)).toBe(true);
    expect(progress.at(-1)).toBe(got.reduce((sum, { tokens }) => sum + tokens.length, 0));
    expect(progress).toHaveLength(Math.max(...got.map(({ tokens }) => tokens.length)));
  });

  it('goes on with few lanes when most samples have ended, with the same samples', async () => {
    for (const make of [tinyGpt2, tinyLlama]) {
      const model = make(testEngine(), { vocabSize: 9, deviation: 0.3 });
      const widths: number[] = [];
      const counting = Object.assign(Object.create(model) as LanguageModel, {
        hidden: ((params, tokens, ...rest) => {
          if (tokens.ids.shape[1] === 1) widths.push(tokens.ids.shape[0]);
          return model.hidden(params, tokens, ...rest);
        }) satisfies LanguageModel['hidden'],
      });
      const options = { samples: 4, maxNewTokens: 36, seed: 3, stopTokens: [0, 1] };
      const together = await generate(counting, [[1, 2], [3]], { ...options, batchSize: 8 });
      expect([...new Set(widths)]).toEqual([8, 4]);
      const alone = await generate(model, [[1, 2], [3]], { ...options, batchSize: 1 });
      expect(together.map(({ tokens }) => [...tokens])).toEqual(alone.map(({ tokens }) => [...tokens]));
      together.forEach(({ logps }, i) => {
        logps.forEach((logp, t) => {
          expect(logp).toBeCloseTo(alone[i]?.logps[t] as number, 4);
        });
      });
      model.dispose();
    }
  });

  it('ends a sample when stopWhen says so', async () => {
    const model = tinyGpt2(testEngine(), { vocabSize: 5 });
    const stopWhen = (tokens: readonly number[]) => tokens.at(-2) === 1 && tokens.at(-1) === 2;
    const got = await generate(model, [[1]], { samples: 12, maxNewTokens: 40, stopWhen });
    for (const { tokens, finished } of got) {
      const ends = [...tokens].findIndex((id, t) => id === 2 && tokens[t - 1] === 1);
      expect(finished).toBe(ends >= 0);
      if (finished) expect(ends).toBe(tokens.length - 1);
      else expect(tokens).toHaveLength(40);
    }
    expect(new Set(got.map(({ finished }) => finished)).size).toBe(2);
  });

  it('compiles once for calls of similar shapes, and runs calls one after the other', async () => {
    const engine = testEngine();
    const functions: { readonly traces: number }[] = [];
    const counting = {
      ...engine,
      function: ((...args: Parameters<typeof engine.function>) => {
        const compiled = engine.function(...args);
        functions.push(compiled);
        return compiled;
      }) as typeof engine.function,
    };
    const model = tinyLlama(counting);
    const options = { samples: 2, maxNewTokens: 6, batchSize: 4 };
    const [a, b] = await Promise.all([generate(model, prompts, options), generate(model, prompts, options)]);
    expect(a).toEqual(b);
    expect(await generate(model, prompts.slice(1), { ...options, maxNewTokens: 5, seed: 8 })).toHaveLength(4);
    expect(functions.map(({ traces }) => traces)).toEqual([1, 1]);
    model.dispose();
  });

  it('can leave the adapter out', async () => {
    const base = tinyLlama(testEngine());
    const options = { samples: 3, maxNewTokens: 5, seed: 4 };
    const before = await generate(base, prompts, options);
    const model = await addLora(base, { rank: 2, alpha: 8, seed: 1 });
    expect(await generate(model, prompts, options)).toEqual(before);
    for (const variable of model.trainable().values())
      variable.write(Float32Array.from(await variable.read(), (value, i) => value + Math.sin(i)));
    expect(await generate(model, prompts, options)).not.toEqual(before);
    expect(await generate(model, prompts, { ...options, adapter: false })).toEqual(before);
  });
});

describe('bad requests', () => {
  const model = tinyGpt2(testEngine());
  it.each([
    ['generate.empty-prompt', [[1], []], {}],
    ['generate.too-long', [[1, 2, 3]], { maxNewTokens: 62 }],
    ['generate.bad-token', [[1, 96]], {}],
    ['generate.bad-token', [[-1]], {}],
    ['generate.bad-option', [[1]], { maxNewTokens: 0 }],
    ['generate.bad-option', [[1]], { temperature: -1 }],
    ['generate.bad-option', [[1]], { topP: 0 }],
    ['generate.bad-option', [[1]], { topK: 0.5 }],
    ['generate.bad-option', [[1]], { samples: Number.NaN }],
  ])('%s', async (code, badPrompts, options) => {
    await expect(generate(model, badPrompts, { maxNewTokens: 4, ...options })).rejects.toMatchObject({ code });
  });

  it('no prompts give nothing', async () => {
    expect(await generate(model, [], { maxNewTokens: 4 })).toEqual([]);
  });

  it('an aborted signal stops before the next step', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const { signal } = controller;
    await expect(generate(model, [[1]], { maxNewTokens: 9, onProgress, signal })).rejects.toThrow('enough');
    expect(await generate(model, [[1]], { maxNewTokens: 2 })).toHaveLength(1);
  });
});
