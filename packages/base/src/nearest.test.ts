import { expect, it } from 'vitest';
import { nearest } from './nearest.js';

it('finds the nearest name and stays silent where nothing is near', () => {
  const known = ['learning-rate', 'batch-size', 'beta'];
  expect(nearest('learning_rate', known)).toBe('learning-rate');
  expect(nearest('bta', known)).toBe('beta');
  expect(nearest('BATCH-SIZE', known)).toBe('batch-size');
  expect(nearest('temperature', known)).toBeUndefined();
});
