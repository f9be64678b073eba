import { optionsOf } from '@dpo/run/command-line';
import { expect, it } from 'vitest';
import { commands } from '../commands/index.js';

it('descriptions of switches say what the switch does when it is on, since keys of configuration files have no "no-"', () => {
  const on = commands.flatMap(({ name, options }) =>
    optionsOf(options).flatMap(({ key, default: value, description }) =>
      value === true ? [{ option: `${name}: ${key}`, description }] : [],
    ),
  );
  expect(on.map(({ option }) => option)).toEqual(expect.arrayContaining(['train: shuffle', 'train: tensorboard']));
  for (const { option, description } of on) expect(description, option).not.toMatch(/\b(no|not|never|none)\b/i);
});
