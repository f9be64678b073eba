import { expect, it } from 'vitest';
import { demoSettings, numberSettings, ownSettings, parseSettings } from './settings.js';

const texts = (settings: object) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));

it('reads what the form shows', () => {
  expect(parseSettings(texts(demoSettings), demoSettings.eos)).toEqual(demoSettings);
  expect(parseSettings(texts(ownSettings), ownSettings.eos)).toEqual(ownSettings);
});

it.each([
  ['steps', '1.5', 'Steps must be a whole number from 1 to 100000, not "1.5".'],
  ['steps', '', 'Steps must be a whole number from 1 to 100000, not "".'],
  ['learningRate', '0', 'Learning rate must be a number above 0 to 10, not "0".'],
  ['beta', 'one', 'β must be a number above 0 to 100, not "one".'],
  ['loraRank', '-1', 'LoRA rank (0: all weights) must be a whole number from 0 to 1024, not "-1".'],
])('refuses %s %j', (name, text, message) => {
  expect(Object.keys(numberSettings)).toContain(name);
  expect(() => parseSettings({ ...texts(demoSettings), [name]: text }, true)).toThrow(message);
});
