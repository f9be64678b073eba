import { expect, it } from 'vitest';
import { checkOptions } from '../options/check-options.js';
import { frontierPresets } from './presets.js';
import { type FrontierRecipe, plannedRuns, pointSteps, recipeSchema, rewardRunOf } from './recipe.js';
import { differences } from './stored-frontier.js';

const recipe = (more: Partial<FrontierRecipe>) =>
  checkOptions(recipeSchema, {
    ...{ prompts: ['a', 'b'], heldOutPrompts: ['c', 'd'] },
    runs: [
      { method: 'DPO', command: 'train', options: { maxSteps: 4 }, over: { beta: [0.1, 1] }, label: 'β', points: 3 },
    ],
    ...more,
  });

it('plans a run for each value, with a folder and a name of its own', () => {
  const runs = plannedRuns(recipe({}));
  expect(runs).toEqual([
    {
      ...{ id: 'dpo-beta-0.1', method: 'DPO', setting: 'β 0.1', command: 'train', options: { maxSteps: 4, beta: 0.1 } },
      ...{ steps: 4, every: 2, examples: 8, perBatch: 1, answers: 16 },
    },
    expect.objectContaining({ id: 'dpo-beta-1', setting: 'β 1', options: { maxSteps: 4, beta: 1 } }),
  ]);
});

it('makes points of checkpoints at equal distances and of the last step', () => {
  expect(pointSteps({ steps: 22, every: 11 })).toEqual([11, 22]);
  expect(pointSteps({ steps: 10, every: 4 })).toEqual([4, 8, 10]);
  expect(pointSteps({ steps: 3, every: 1 })).toEqual([1, 2, 3]);
});

const recipeOf = (run: object) =>
  recipe({ runs: [{ method: 'A', command: 'train', options: { maxSteps: 2 }, ...run }] });

it.each([
  ['has no maxSteps', recipeOf({ options: {} })],
  ['gives model, which the frontier sets for all runs', recipeOf({ options: { maxSteps: 2, model: 'm' } })],
  ['cannot be run: unknown option "betta"; did you mean "beta"?', recipeOf({ options: { maxSteps: 2, betta: 1 } })],
  [
    'cannot be run: valueWeight is for ppo, not rloo',
    recipeOf({ command: 'rl', options: { maxSteps: 2, valueWeight: 1 } }),
  ],
  ['varies more than one option', recipeOf({ over: { beta: [1], weight: [1] } })],
  ['occurs twice', recipeOf({ over: { beta: [1, 1] } })],
  ['needs a learned reward', recipeOf({ command: 'rl', options: { maxSteps: 2, reward: 'learned' } })],
])('refuses a recipe whose run %s', (message, badRecipe) => {
  expect(() => plannedRuns(badRecipe)).toThrow(message);
});

it('finds every option of the presets', () => {
  for (const preset of Object.values(frontierPresets)) {
    const presetRecipe = checkOptions(recipeSchema, preset);
    const runs = plannedRuns(presetRecipe);
    expect(new Set(runs.map(({ method }) => method)).size).toBeGreaterThanOrEqual(6);
    expect(rewardRunOf(presetRecipe)?.command).toBe('reward');
  }
});

it('lists the differences between two recipes', () => {
  const earlier = { a: 1, b: { c: [1, 2], d: 'x' } };
  expect(differences(earlier, { a: 1, b: { c: [1, 3], d: 'x', e: true } }, '')).toEqual([
    'b.c.1 was 2, is 3',
    'b.e was left out, is true',
  ]);
  expect(differences(earlier, structuredClone(earlier), '')).toEqual([]);
});
