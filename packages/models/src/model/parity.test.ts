import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testEngine } from '@dpo/engine/test';
import { describe, expect, it } from 'vitest';
import { ConfigReader } from '../architectures/config-reader.js';
import { readRotary } from '../architectures/read-rotary.js';
import { supportedArchitectures } from '../architectures/registry.js';
import { rotaryFrequencies } from '../blocks/rotary-frequencies.js';
import { openModelFiles } from '../files/open-model-files.js';
import { fixtureExpected, fixtureFolder, fixtureModels, modelFixtures } from '../test/_fixtures-for-tests.js';
import { lossAndGradients } from '../test/_gradients-for-tests.js';
import { scoreGroups, tokenLogits } from '../test/_packing-for-tests.js';
import { loadModel } from './load-model.js';
import { saveModel } from './save-model.js';

const load = async (name: string) => (await loadModel(testEngine(), fixtureFolder(name))).model;

/** The largest difference, relative to the largest value. */
function difference(got: ArrayLike<number>, want: readonly number[]): number {
  const size = Math.max(...want.map(Math.abs));
  return Math.max(...want.map((value, i) => Math.abs((got[i] as number) - value))) / size;
}

it('every architecture has a model made by transformers', async () => {
  const types = await Promise.all(fixtureModels.map(async (name) => (await load(name)).config.modelType));
  expect([...new Set(types)].sort()).toEqual([...supportedArchitectures].sort());
});

describe.each(fixtureModels)('%s as transformers computes it', (name) => {
  const expected = fixtureExpected(name);

  it('logits', async () => {
    const logits = await tokenLogits(await load(name), expected.ids);
    expect(difference(logits, expected.logits.flat())).toBeLessThan(1e-4);
  });

  it('log-probabilities of answers', async () => {
    const model = await load(name);
    const groups = expected.answers.map(({ prompt, answer }) => ({ prompt, answers: [answer] }));
    const got = await scoreGroups(model, groups);
    expected.answers.forEach(({ logp }, i) => {
      expect(Math.abs((got[i]?.[0] as number) - logp)).toBeLessThan(1e-4 * Math.abs(logp));
    });
  });

  it('gradients of every weight', async () => {
    const { loss, gradients } = await lossAndGradients(await load(name), expected.answers.slice(0, 1));
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-4 * expected.loss);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const [key, [norm, ...sums]] of Object.entries(expected.gradients)) {
      const gradient = gradients.get(key) as Float32Array;
      expect(Math.abs(Math.hypot(...gradient) - norm), key).toBeLessThan(1e-3 * norm + 1e-6);
      sums.forEach((want, k) => {
        const got = gradient.reduce((sum, value, i) => sum + value * Math.cos((k + 1) * i), 0);
        expect(Math.abs(got - want), key).toBeLessThan(2e-3 * norm + 1e-6);
      });
    }
  });

  it.each(['float32', 'bfloat16'] as const)('save as %s, load: the same logits', async (dtype) => {
    const folder = await mkdtemp(join(tmpdir(), 'dpo-models-'));
    try {
      const model = await load(name);
      await saveModel(model, folder, { dtype });
      const { model: again, source } = await loadModel(testEngine(), folder);
      // The fixtures' weights are bfloat16 numbers, so that neither type changes any of them.
      expect(await tokenLogits(again, expected.ids)).toEqual(await tokenLogits(model, expected.ids));
      expect(source.config).toEqual({ ...model.config.raw, dtype });
      // Python tells 1.0 from 1.
      const numbers = (path: string) =>
        readFileSync(join(path, 'config.json'), 'utf8').match(/(?<=: )-?\d+(\.0)?(?=,?\n)/g);
      expect(numbers(folder)).toEqual(numbers(fixtureFolder(name)));
      const original = await openModelFiles(fixtureFolder(name));
      const layout = (files: typeof source) =>
        [...files.tensors]
          .map(([key, { shape, dtype }]) => ({ key, shape, dtype }))
          .sort((a, b) => (a.key < b.key ? -1 : 1));
      const dtypeName = dtype === 'float32' ? 'F32' : 'BF16';
      expect(layout(source)).toEqual(layout(original).map((entry) => ({ ...entry, dtype: dtypeName })));
      await original.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('rotary settings', () => {
  interface Case {
    readonly rope_parameters: Readonly<Record<string, unknown>>;
    readonly frequencies: readonly number[];
  }
  const cases = JSON.parse(readFileSync(new URL('rotary.json', modelFixtures), 'utf8')) as Case[];

  it.each(cases.map((item) => [item.rope_parameters.rope_type, item] as const))('%s', (_, item) => {
    const { rope_theta, ...rope_scaling } = item.rope_parameters;
    // transformers 5 has all settings in one place, earlier versions have the base beside the scaling.
    for (const raw of [{ rope_parameters: item.rope_parameters }, { rope_theta, rope_scaling }]) {
      const got = rotaryFrequencies(readRotary(new ConfigReader(raw, 'config.json'), 32, 512));
      item.frequencies.forEach((want, i) => {
        expect(Math.abs((got[i] as number) / want - 1)).toBeLessThan(1e-5);
      });
    }
  });
});
