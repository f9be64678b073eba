import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckpointState } from '@dpo/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { runContext } from '../context.js';
import { option } from '../options/option.js';
import { optionsOf } from '../options/schema.js';
import { checkSameRun } from './same-run.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-same-run-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const state: CheckpointState = {
  ...{ version: 1, step: 1, updates: 1, skipped: 0, pairs: 1, method: 'dpo' },
  optimizer: { name: 'sgd', settings: {} },
};
const table = optionsOf(
  z.strictObject({
    schedule: option(z.enum(['constant', 'linear']).default('constant'), 'Rate'),
    seed: option(z.int().default(0), 'Seed'),
    colour: option(z.string().default('red'), 'Colour', { onResume: 'free' }),
    steps: option(z.int().default(1), 'Steps', { onResume: 'length' }),
    mean: option(z.string().default('tokens'), 'Mean', { before: 'answers' }),
  }),
);
const defaults = { schedule: 'constant', seed: 0, colour: 'red', steps: 1, mean: 'tokens' };

/** The differences between a run that began with the options `then` and its continuation with the options `now`. */
async function changesOf(then: object, now: object): Promise<unknown> {
  const dataset = { fingerprint: 'f' };
  await writeFile(join(folder, 'config.json'), JSON.stringify({ command: 'train', options: then, dataset }));
  const options = { ...defaults, ...now };
  const run = { command: 'train', table, options, dataset };
  const resumption = { checkpoint: join(folder, 'checkpoint-1'), state, beyond: [] };
  return checkSameRun(folder, resumption, run, runContext({})).then(
    () => [],
    (error: { values: { changed: unknown } }) => error.values.changed,
  );
}

it('lets each option differ as the table allows', async () => {
  expect(await changesOf(defaults, { seed: 1 })).toEqual(['seed was 0, is 1']);
  expect(await changesOf(defaults, { colour: 'blue' })).toEqual([]);
  expect(await changesOf(defaults, { steps: 7 })).toEqual([]);
  const linear = { ...defaults, schedule: 'linear' };
  expect(await changesOf(linear, { schedule: 'linear', steps: 7 })).toEqual(['steps was 1, is 7']);
});

it('takes an option that the run did not have as its default, or as what versions without the option did', async () => {
  const { seed: _, mean: __, ...older } = defaults;
  expect(await changesOf(older, { mean: 'answers' })).toEqual([]);
  expect(await changesOf(older, {})).toEqual(['mean was "answers", is "tokens"']);
  expect(await changesOf(older, { seed: 2, mean: 'answers' })).toEqual(['seed was 0, is 2']);
});
