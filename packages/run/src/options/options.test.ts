import type { MethodOptions } from '@dpo/core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { checkOptions } from './check-options.js';
import { option } from './option.js';
import { optionsTable } from './options-table.js';
import { rewardOptions } from './reward-options.js';
import { rlOptions } from './rl-options.js';
import { optionsOf } from './schema.js';
import { sftOptions } from './sft-options.js';
import { trainOptions } from './train-options.js';

const paths = { model: 'm', data: 'd', output: 'o' };

it('names the nearest option, and the options that do not go together, by their keys', () => {
  const messageOf = (config: object) => {
    try {
      return checkOptions(trainOptions, { ...paths, ...config });
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(messageOf({ learnRate: 1 })).toBe('unknown option "learnRate"; did you mean "learningRate"?.');
  expect(messageOf({ beta: -1 })).toContain('beta: ');
  expect(messageOf({ loraAlpha: 4 })).toBe('loraAlpha is about a new adapter: it needs loraRank.');
  expect(messageOf({ momentum: 0.9 })).toBe('momentum is for sgd, not adamw.');
  expect(messageOf({ adapter: 'a', loraRank: 2 })).toContain('give one of them');
  expect(messageOf({ method: 'kto', wpo: true })).toBe('wpo is about pairs, which kto does not take.');
  expect(messageOf({ lossType: ['dpo'], method: 'ipo' })).toContain('in place of method ipo');
  expect(messageOf({ loraAlpha: 4, loraRank: 2, momentum: 0.9, optimizer: 'sgd' })).toMatchObject({ beta: 0.1 });
});

it('has a description for every option, and options of the same table in every condition', () => {
  for (const options of [
    optionsOf(trainOptions),
    optionsOf(sftOptions),
    optionsOf(rewardOptions),
    optionsOf(rlOptions),
  ]) {
    const keys = options.map(({ key }) => key);
    for (const { needs, excludes, key, description } of options) {
      expect(description, key).not.toBe('');
      for (const { any, says } of [...needs, ...excludes]) {
        expect(keys).toEqual(expect.arrayContaining([...any]));
        for (const [, name] of says.matchAll(/\{=?(\w+)\}/g)) expect(keys).toContain(name);
      }
    }
  }
});

it('an option that is added in one place has a line of its own in the table of the docs', () => {
  const withColour = trainOptions.extend({
    colour: option(z.enum(['red', 'blue']).default('red'), 'Colour of the curve', {
      onResume: 'free',
      needs: [{ any: ['evalData'], says: '{colour} needs {evalData}.' }],
    }),
  });
  expect(optionsTable(optionsOf(withColour))).toContain(
    '| `--colour`<br>`colour` | `red` | Colour of the curve (red, blue) | free | needs `--eval-data` |',
  );
  expect(() => checkOptions(withColour, { ...paths, colour: 'blue' })).toThrow('colour needs evalData.');
});

it('every setting of a loss is an option', () => {
  // A setting of losses that is missing from this list does not compile.
  const keys: Readonly<Record<Exclude<keyof MethodOptions, 'readMargin'>, true>> = {
    ...{ beta: true, labelSmoothing: true, weight: true, targetMargin: true, alpha: true, temperature: true },
  };
  expect(Object.keys(trainOptions.shape)).toEqual(expect.arrayContaining(Object.keys(keys)));
});
