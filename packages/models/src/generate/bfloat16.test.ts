import { readFileSync } from 'node:fs';
import { type Engine, findLibrary, openEngine } from '@dpo/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addLora } from '../lora/add-lora.js';
import { loadModel } from '../model/load-model.js';
import { fixtureFolder } from '../test/_fixtures-for-tests.js';
import { tinyLlama } from '../test/tiny-models.js';
import { generate } from './generation.js';

const library = await findLibrary();
/** Greedy continuations by transformers in bfloat16, from tooling/parity/bfloat16.py. */
const greedy = JSON.parse(
  readFileSync(new URL('../../../../tooling/parity/fixtures/bfloat16/greedy.json', import.meta.url), 'utf8'),
) as Record<string, { prompt: number[]; tokens: number[]; margins: number[]; errors: number[] }[]>;

describe.skipIf(library === undefined)('generation in bfloat16', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ kind: 'tensorflow', precision: 'bfloat16' });
  });
  afterAll(() => engine.dispose());

  it.each(Object.keys(greedy))('continues as transformers in bfloat16 does: %s', async (name) => {
    const { model } = await loadModel(engine, fixtureFolder(name));
    const cases = greedy[name] ?? [];
    const samples = await generate(
      model,
      cases.map(({ prompt }) => prompt),
      { maxNewTokens: 24, temperature: 0 },
    );
    let compared = 0;
    cases.forEach(({ tokens, margins, errors }, i) => {
      // Both programs round, each on its side.
      const close = margins.findIndex((margin, k) => margin <= 2 * (errors[k] as number));
      const count = close < 0 ? tokens.length : close;
      expect([...(samples[i]?.tokens ?? [])].slice(0, count)).toEqual(tokens.slice(0, count));
      compared += count;
    });
    expect(compared).toBeGreaterThan(24);
    model.dispose();
  });

  it('reads the weights as they are at each call, and keys and values in half the memory', async () => {
    const model = await addLora(tinyLlama(engine), { rank: 2, alpha: 8, seed: 1 });
    const caches: string[] = [];
    const watching = {
      ...engine,
      variable: ((...args) => {
        const variable = engine.variable(...args);
        if (args[0].startsWith('cache/')) caches.push(variable.storage);
        return variable;
      }) satisfies Engine['variable'],
    };
    const watched = Object.assign(Object.create(model) as typeof model, { engine: watching });
    const options = { samples: 3, maxNewTokens: 8, seed: 4 };
    const tokens = async () => (await generate(watched, [[1, 2, 3]], options)).map((sample) => [...sample.tokens]);
    const before = await tokens();
    expect(await tokens()).toEqual(before);
    expect(new Set(caches)).toEqual(new Set(['bfloat16']));
    for (const variable of model.trainable().values())
      variable.write(Float32Array.from(await variable.read(), (value, i) => value + 0.3 * Math.sin(i)));
    expect(await tokens()).not.toEqual(before);
    model.dispose();
  });
});
