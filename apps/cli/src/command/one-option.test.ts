import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { option, trainOptions } from '@dpo/run/command-line';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from './define.js';
import { helpPage } from './help.js';
import { parseOptions } from './parse.js';

it('an option that is added to the table is in help, in --config files and on the command line, with its conditions', async () => {
  const command = defineCommand({
    name: 'train',
    summary: 'Train',
    options: trainOptions.extend({
      smoothCurve: option(z.boolean().default(true), 'Smooths the curve', {
        excludes: [{ any: ['wpo'], says: '{smoothCurve} does not go with {wpo}.' }],
      }),
      curveWidth: option(z.number().default(1), 'Width of the curve', {
        excludes: [{ any: ['wpo'], says: '{curveWidth} does not go with {wpo}.' }],
      }),
    }),
    run: async () => undefined,
  });
  expect(helpPage(command)).toMatch(/--\[no-\]smooth-curve +Smooths the curve \[on\]/);
  const places = ['--model', 'm', '--data', 'd', '--output', 'o'];
  expect(await parseOptions(command, [...places, '--no-smooth-curve'])).toMatchObject({
    smoothCurve: false,
    curveWidth: 1,
  });
  await expect(parseOptions(command, [...places, '--curve-width', '2', '--wpo'])).rejects.toMatchObject({
    code: 'cli.usage',
    message: '--curve-width does not go with --wpo.',
  });
  const folder = await mkdtemp(join(tmpdir(), 'dpo-one-option-'));
  try {
    await writeFile(join(folder, 'config.json'), '{"curveWidth": 3}');
    const options = await parseOptions(command, [...places, '--config', join(folder, 'config.json')]);
    expect(options).toMatchObject({ curveWidth: 3 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
