import type { Engine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { expect } from 'vitest';
import { generate } from '../generate/generation.js';
import { fixtureExpected, fixtureFolder } from '../test/_fixtures-for-tests.js';
import { lossAndGradients } from '../test/_gradients-for-tests.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { loadModel } from './load-model.js';

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, what: string): void {
  const size = Math.max(...Array.from(want, Math.abs), 1e-3);
  const difference = Math.max(...Array.from(want, (value, i) => Math.abs((got[i] as number) - value)));
  expect(difference / size, what).toBeLessThan(1e-4);
}

/** Asserts that a tiny model of the fixtures gives the logits, gradients and greedy tokens of plain JavaScript on an engine. */
export async function expectNumbersOfPlainJavaScript(engine: Engine, name: string): Promise<void> {
  const { ids, answers, greedy } = fixtureExpected(name);
  const [got, want] = await Promise.all(
    [engine, testEngine()].map(async (each) => {
      const { model } = await loadModel(each, fixtureFolder(name));
      const logits = await tokenLogits(model, ids);
      const { loss, gradients } = await lossAndGradients(model, answers.slice(0, 2));
      return { model, logits, loss, gradients };
    }),
  );
  if (got === undefined || want === undefined) throw new Error('no results');
  expectClose(got.logits, want.logits, 'logits');
  expectClose([got.loss], [want.loss], 'loss');
  for (const [weight, gradient] of want.gradients) expectClose(got.gradients.get(weight) ?? [], gradient, weight);
  const prompts = greedy.map(({ prompt }) => prompt);
  const tokens = await generate(got.model, prompts, { maxNewTokens: 5, temperature: 0 });
  expect(tokens.map(({ tokens }) => [...tokens])).toEqual(greedy.map(({ tokens }) => tokens.slice(0, 5)));
  got.model.dispose();
}
