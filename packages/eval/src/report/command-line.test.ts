import { expect, it } from 'vitest';
import { commandLine } from './command-line.js';

it('is the command to type again, with every option', () => {
  const options = {
    model: '/m/a b',
    learningRate: 1e-6,
    shuffle: false,
    dora: true,
    loraTargets: ['q', 'v'],
    header: "it's\n",
    offset: -3,
    resume: true,
    prompts: undefined,
    none: null,
  };
  expect(commandLine({ command: 'train', options })).toBe(
    "dpo train --model '/m/a b' --learning-rate 0.000001 --no-shuffle --dora --lora-targets q,v --header 'it'\\''s\n' --offset=-3",
  );
  expect(commandLine({ command: 'train' })).toBeUndefined();
  expect(commandLine({ options })).toBeUndefined();
});
