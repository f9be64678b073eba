import { expect, it } from 'vitest';
import { nearest } from './nearest.js';

it('finds the nearest name, and none when no name is near', () => {
  const names = ['learning-rate', 'batch-size', 'beta'];
  expect(nearest('learning_rate', names)).toBe('learning-rate');
  expect(nearest('bta', names)).toBe('beta');
  expect(nearest('BATCH-SIZE', names)).toBe('batch-size');
  expect(nearest('temperature', names)).toBeUndefined();
});

it('does not take a short word for a word that shares one letter with it', () => {
  expect(nearest('lr', ['xla', 'ref', 'dora'])).toBeUndefined();
  expect(nearest('xl', ['xla'])).toBe('xla');
  expect(nearest('mdoel', ['model'])).toBe('model');
});
