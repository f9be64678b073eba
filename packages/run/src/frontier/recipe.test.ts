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

const one = (run: object) => recipe({ runs: [{ method: 'A', command: 'train', options: { maxSteps: 2 }, ...run }] });

it.each([
  ['has no maxSteps', one({ options: {} })],
  ['gives model, which the frontier settles for all runs', one({ options: { maxSteps: 2, model: 'm' } })],
  ['cannot be run: unknown option "betta"; did you mean "beta"?', one({ options: { maxSteps: 2, betta: 1 } })],
  ['cannot be run: valueWeight is for ppo, not rloo', one({ command: 'rl', options: { maxSteps: 2, valueWeight: 1 } })],
  ['varies more than one option', one({ over: { beta: [1], weight: [1] } })],
  ['is there twice', one({ over: { beta: [1, 1] } })],
  ['needs a learned reward', one({ command: 'rl', options: { maxSteps: 2, reward: 'learned' } })],
])('refuses a recipe whose run %s', (says, wrong) => {
  expect(() => plannedRuns(wrong)).toThrow(says);
});

it('knows the options of its own recipes', () => {
  for (const preset of Object.values(frontierPresets)) {
    const checked = checkOptions(recipeSchema, preset);
    const runs = plannedRuns(checked);
    expect(new Set(runs.map(({ method }) => method)).size).toBeGreaterThanOrEqual(6);
    expect(rewardRunOf(checked)?.command).toBe('reward');
  }
});

it('says where two recipes differ', () => {
  const then = { a: 1, b: { c: [1, 2], d: 'x' } };
  expect(differences(then, { a: 1, b: { c: [1, 3], d: 'x', e: true } }, '')).toEqual([
    'b.c.1 was 2, is 3',
    'b.e was left out, is true',
  ]);
  expect(differences(then, structuredClone(then), '')).toEqual([]);
});
