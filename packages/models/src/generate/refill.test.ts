import { type Engine, findLibrary, openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { loadModel } from '../model/load-model.js';
import type { LanguageModel } from '../model/types.js';
import { fixtureFolder } from '../test/_fixtures-for-tests.js';
import { tinyGpt2, tinyLlama } from '../test/tiny-models.js';
import type { GenerateOptions } from './generate-options.js';
import { generate } from './generation.js';

const engines: [string, Engine][] = [['the portable engine', testEngine()]];
if ((await findLibrary()) !== undefined)
  engines.push(['the compiled engine', await openEngine({ kind: 'tensorflow' })]);
afterAll(async () => {
  for (const [, engine] of engines) await engine.dispose();
});

/** The model, and the numbers of lanes of its steps and of prompts of its readings so far. */
function counted(model: LanguageModel) {
  const [steps, readings]: [number[], number[]] = [[], []];
  const counting = Object.assign(Object.create(model) as LanguageModel, {
    hidden: ((params, tokens, ...rest) => {
      const [rows, length] = tokens.ids.shape;
      (length === 1 ? steps : readings).push(rows);
      return model.hidden(params, tokens, ...rest);
    }) satisfies LanguageModel['hidden'],
  });
  return { model: counting, steps, readings };
}

const tokensOf = async (model: LanguageModel, prompts: readonly number[][], options: GenerateOptions) =>
  (await generate(model, prompts, options)).map(({ tokens, finished }) => ({ tokens: [...tokens], finished }));

describe('samples that end early', () => {
  it('leave their lanes to samples that wait', async () => {
    const { model, steps, readings } = counted(tinyLlama(testEngine(), { vocabSize: 9, deviation: 0.3 }));
    const options = { samples: 24, maxNewTokens: 20, seed: 3, stopTokens: [0, 1], batchSize: 8 };
    const samples = await tokensOf(model, [[1, 2], [3]], options);
    const lengths = samples.map(({ tokens }) => tokens.length);
    // All lanes at first, then a quarter of them for one prompt at a time.
    expect(readings[0]).toBe(1);
    expect(readings.length).toBeGreaterThan(6);
    // Batches that wait for their longest sample would take the sum of the longest of each eight.
    const inBatches = [0, 8, 16, 24, 32, 40].map((at) => Math.max(...lengths.slice(at, at + 8)) - 1);
    expect(steps.length).toBeLessThan(0.75 * inBatches.reduce((a, b) => a + b));
    expect(await tokensOf(model, [[1, 2], [3]], { ...options, batchSize: 1 })).toEqual(samples);
  });

  it('join a ring that has gone round many times', async () => {
    // Eight slots for up to two hundred steps.
    const { model, steps } = counted(tinyGpt2(testEngine(), { vocabSize: 7, deviation: 0.4 }));
    const options = { samples: 100, maxNewTokens: 5, seed: 1, stopTokens: [0], batchSize: 3 };
    const samples = await tokensOf(model, [[1, 2, 3], [4]], options);
    expect(steps.length).toBeGreaterThan(100);
    expect(await tokensOf(model, [[1, 2, 3], [4]], { ...options, batchSize: 200 })).toEqual(samples);
  });
});

const requests = fc.record({
  prompts: fc.array(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 30 }), {
    minLength: 1,
    maxLength: 6,
  }),
  samples: fc.integer({ min: 1, max: 4 }),
  maxNewTokens: fc.integer({ min: 1, max: 12 }),
  batchSize: fc.integer({ min: 1, max: 9 }),
  temperature: fc.constantFrom(0, 0.5, 1),
  topK: fc.constantFrom(undefined, 3),
  stopTokens: fc.constantFrom<number[][]>([], [0], [0, 1, 2]),
  seed: fc.integer({ min: 0, max: 99 }),
});

describe.each(engines)('a sample does not depend on its batch, on %s', (_, engine) => {
  const models = [tinyGpt2, tinyLlama].map((make) => make(engine, { vocabSize: 9, deviation: 0.3 }));
  it('whatever the prompts, lanes and ends', async () => {
    await fc.assert(
      fc.asyncProperty(requests, fc.constantFrom(...models), async ({ prompts, batchSize, ...options }, model) => {
        const together = await generate(model, prompts, { ...options, batchSize });
        const alone = await generate(model, prompts, { ...options, batchSize: 1 });
        expect(together.map(({ tokens }) => [...tokens])).toEqual(alone.map(({ tokens }) => [...tokens]));
        together.forEach(({ logps, finished }, i) => {
          expect(finished).toBe(alone[i]?.finished);
          for (const [t, logp] of logps.entries()) expect(logp).toBeCloseTo(alone[i]?.logps[t] as number, 4);
        });
      }),
      { numRuns: engine.kind === 'tensorflow' ? 2 : 8, seed: 7 },
    );
  });

  it('nor with windows that end within the ring', async () => {
    const { model } = await loadModel(engine, fixtureFolder('qwen2-window'));
    const prompts = [[5, 9, 33, 2, 8, 1, 7], [7], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]];
    const options = { samples: 6, maxNewTokens: 14, seed: 2, stopTokens: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] };
    const together = await tokensOf(model, prompts, { ...options, batchSize: 4 });
    expect(await tokensOf(model, prompts, { ...options, batchSize: 1 })).toEqual(together);
    model.dispose();
  });
});
