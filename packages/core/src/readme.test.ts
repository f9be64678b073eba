import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as data from '@dpo/data';
import * as engine from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import * as models from '@dpo/models';
import { tinyTokenizer } from '@dpo/models/test';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as core from './index.js';

const blocks = [
  ...readFileSync(new URL('../README.md', import.meta.url), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g),
].map(([, code]) => code as string);

const modules = {
  '@dpo/core': core,
  '@dpo/data': data,
  '@dpo/engine': engine,
  '@dpo/models': models,
  '@tensorflow/tfjs-core': tf,
};

const home = process.cwd();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-readme-'));
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

/**
 * Runs a block of the README, and returns the value of the variable `result`. A script that is built at run time has neither
 * imports nor types: imports become modules of the sources, and types are removed.
 */
async function run(block: string, log: (...values: unknown[]) => void, result = 'undefined'): Promise<unknown> {
  const body = block
    .replace(/import \{([^}]+)\} from '([^']+)';/g, (_, names: string, from: string) => {
      const values = names.split(',').filter((name) => !name.trim().startsWith('type '));
      return `const {${values.join(',')}} = modules['${from}'];`;
    })
    .replace(/import \* as (\w+) from '([^']+)';/g, "const $1 = modules['$2'];")
    .replace(/: PreferenceLoss =/g, ' =')
    .replace(/<tf\.\w+>\(/g, '(');
  const make = Object.getPrototypeOf(async () => undefined).constructor as new (
    ...code: readonly string[]
  ) => (...values: readonly unknown[]) => Promise<unknown>;
  return new make('modules', 'console', `${body}\nreturn ${result};`)(modules, { log });
}

it('the first example trains a model and saves it', async () => {
  const tokenizer = tinyTokenizer();
  const making = testEngine();
  const config = { model_type: 'gpt2', vocab_size: tokenizer.vocabSize, n_embd: 8, n_layer: 1, n_head: 2 };
  await models.saveModel(models.createModel(making, { ...config, n_positions: 32 }, { seed: 1 }), 'my-model', {
    source: { tokenizerFiles: { ...tokenizer.files } },
  });
  await making.dispose();
  const row = (i: number) => ({ prompt: `Q${i % 10}:`, chosen: ' yes', rejected: ' no!' });
  await writeFile('pairs.jsonl', Array.from({ length: 16 }, (_, i) => `${JSON.stringify(row(i))}\n`).join(''));

  const printed: unknown[][] = [];
  await run(blocks[0] as string, (...values) => printed.push(values));
  expect(printed.map(([step]) => step)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(printed[0]?.[1]).toBeCloseTo(Math.LN2, 5);
  expect(printed[99]?.[1]).toBeLessThan(printed[0]?.[1] as number);
  expect(await readdir('trained')).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']));
});

it('the loss of one’s own has the values that its text promises', async () => {
  const method = (await run(blocks[1] as string, () => undefined, 'method')) as core.Method;
  await tf.setBackend('cpu');
  const answer = (policy: number[], reference: number[]) => ({
    policy: tf.tensor1d(policy),
    reference: tf.tensor1d(reference),
    lengths: tf.tensor1d([3, 3]),
  });
  const { losses } = method.apply({
    answers: { chosen: answer([-4, -4], [-5, -5]), rejected: answer([-9, -8], [-8, -8]) },
    tokens: { policy: tf.tensor1d([]), numbers: {}, sum: () => ({}) },
    ...{ numbers: {}, scalars: {}, trainable: () => tf.scalar(0) },
  });
  // β 0.5: rewards 0.5 and −0.5 make a margin of 1, nothing short of it; 0.5 and 0 fall short by one half.
  expect(losses.arraySync()).toEqual([0, 0.25]);
});
