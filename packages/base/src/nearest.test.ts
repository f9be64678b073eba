import { expect, it } from 'vitest';
import { nearest } from './nearest.js';

it('finds the nearest name and stays silent where nothing is near', () => {
  const known = ['learning-rate', 'batch-size', 'beta'];
  expect(nearest('learning_rate', known)).toBe('learning-rate');
  expect(nearest('bta', known)).toBe('beta');
  expect(nearest('BATCH-SIZE', known)).toBe('batch-size');
  expect(nearest('temperature', known)).toBeUndefined();
});

it('does not take a short word for another one that shares no more than a letter with it', () => {
  expect(nearest('lr', ['xla', 'ref', 'dora'])).toBeUndefined();
  expect(nearest('xl', ['xla'])).toBe('xla');
  expect(nearest('mdoel', ['model'])).toBe('model');
});
