import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from './define.js';
import { helpPage } from './help.js';
import { findCommand, parseOptions } from './parse.js';

const command = defineCommand({
  name: 'data convert',
  summary: 'Converts.',
  positional: ['input'],
  options: z.strictObject({
    input: z.string().describe('What to read'),
    config: z.string().optional().describe('A JSON file of options'),
    beta: z.number().positive().default(0.1).describe('Strength'),
    maxSteps: z.int().positive().optional().describe('Steps'),
    shuffle: z.boolean().default(true).describe('Shuffle'),
    json: z.boolean().default(false).describe('JSON'),
    precision: z.enum(['float32', 'bfloat16']).default('float32').describe('Precision'),
    targets: z.array(z.string()).optional().describe('Layers'),
  }),
  run: async () => undefined,
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('parseOptions', () => {
  it('reads kebab-case options, switches, lists, negative numbers and positional arguments', async () => {
    const args = ['in.jsonl', '--beta', '0.5', '--max-steps=7', '--no-shuffle', '--json', '--targets', 'q,v'];
    expect(await parseOptions(command, args)).toEqual({
      input: 'in.jsonl',
      beta: 0.5,
      maxSteps: 7,
      shuffle: false,
      json: true,
      precision: 'float32',
      targets: ['q', 'v'],
    });
  });

  it('names the nearest option for an unknown one', async () => {
    await expect(parseOptions(command, ['in', '--max-step', '3'])).rejects.toMatchObject({
      code: 'cli.usage',
      message: 'dpo data convert: unknown option --max-step. Did you mean --max-steps?',
    });
  });

  it.each([
    [['in', '--beta'], '--beta needs a value'],
    [['in', '--beta', '--json'], '--beta needs a value'],
    [['in', '--beta', 'much'], '--beta needs a number, not "much"'],
    [['in', '--beta', '-1'], '--beta: '],
    [['in', '--max-steps', '1.5'], '--max-steps: '],
    [['in', '--precision', 'half'], '--precision knows no "half": there are '],
    [['in', '--precision', 'flot32'], '--precision knows no "flot32": did you mean float32? There are '],
    [['in', 'more'], '"more" is one argument too many'],
    [[], 'INPUT is missing'],
  ])('refuses %j', async (args, message) => {
    await expect(parseOptions(command, args)).rejects.toThrow(message);
  });

  it('takes a name that begins like an option after --', async () => {
    expect(await parseOptions(command, ['--beta', '0.5', '--', '--in'])).toMatchObject({ beta: 0.5, input: '--in' });
    await expect(parseOptions(command, ['--', 'in', '--beta'])).rejects.toThrow('"--beta" is one argument too many');
  });

  it('takes a configuration file, which the command line overrules', async () => {
    const config = join(folder, 'c.json');
    await writeFile(config, '{"beta": 0.3, "maxSteps": 9}');
    expect(await parseOptions(command, ['in', '--config', config, '--beta', '0.2'])).toMatchObject({
      beta: 0.2,
      maxSteps: 9,
    });
    await writeFile(config, '{"max-step": 9}');
    await expect(parseOptions(command, ['in', '--config', config])).rejects.toThrow('Did you mean "maxSteps"?');
    await writeFile(config, '{"beta": ');
    await expect(parseOptions(command, ['in', '--config', config])).rejects.toMatchObject({ code: 'cli.bad-config' });
    await expect(parseOptions(command, ['in', '--config', join(folder, 'no')])).rejects.toMatchObject({
      code: 'file.not-found',
    });
  });
});

it('finds commands of two words and names the nearest', () => {
  expect(findCommand([command], ['data', 'convert', 'x']).rest).toEqual(['x']);
  expect(() => findCommand([command], ['data'])).toThrow('needs one of: convert');
  expect(() => findCommand([command], ['dta'])).toThrow('Did you mean "data"?');
});

it('writes help from the schema', () => {
  const page = helpPage(command);
  expect(page).toContain('Usage: dpo data convert INPUT [options]');
  expect(page).toMatch(/--beta N +Strength \[0.1\]/);
  expect(page).toMatch(/--\[no-\]shuffle +Shuffle \[on\]/);
  expect(page).toMatch(/--precision float32\|bfloat16 +Precision \[float32\]/);
});
