import { optionsOf } from '@dpo/run/command-line';
import { expect, it } from 'vitest';
import { commands } from '../commands/index.js';
import { otherWordFor } from './other-words.js';
import { parseOptions } from './parse.js';

const commandNamed = (name: string) => {
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command;
};
const suggestion = (command: string, flag: string) =>
  parseOptions(commandNamed(command), [`--${flag}`, 'x']).catch(
    (error: Error) => /Did you mean (\S+)\?/.exec(error.message)?.[1],
  );

it.each([
  ['train', 'lr', '--learning-rate'],
  ['train', 'output_dir', '--output'],
  ['train', 'per_device_train_batch_size', '--batch-size'],
  ['train', 'gradient_checkpointing', '--activation-checkpointing'],
  ['train', 'model_name_or_path', '--model'],
  ['train', 'loss_type', '--loss-type'],
  ['train', 'out', '--output'],
  ['generate', 'output', '--out'],
  ['generate', 'max_tokens', '--max-new-tokens'],
  ['train', 'learning-rat', '--learning-rate'],
])('dpo %s --%s: %s', async (command, flag, suggested) => {
  expect(await suggestion(command, flag)).toBe(suggested);
});

it('suggests nothing for a word that stands for no option', async () => {
  expect(await suggestion('train', 'zz')).toBeUndefined();
  expect(otherWordFor('toString', new Set(['lr']))).toBeUndefined();
});

it('suggests options that some command has', () => {
  const flags = new Set(commands.flatMap(({ options }) => optionsOf(options).map(({ flag }) => flag)));
  for (const word of ['lr', 'bs', 'optim', 'lora-r', 'temp', 'n', 'save-total-limit', 'force', 'gpu', 'dtype'])
    expect(flags).toContain(otherWordFor(word, flags));
});
