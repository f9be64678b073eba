import { DpoError } from '@dpo/base';
import { expect, it } from 'vitest';
import { describeError } from './describe-error.js';

it('shows errors of the library as they are', () => {
  expect(describeError(new DpoError('model.no-config', 'x has no config.json.', { hint: 'Choose x.' }))).toEqual({
    code: 'model.no-config',
    message: 'x has no config.json.',
    hint: 'Choose x.',
  });
});

it.each([
  [new RangeError('Array buffer allocation failed'), 'page.out-of-memory'],
  [new RangeError('WebAssembly.Memory.grow(): Out of memory'), 'page.out-of-memory'],
  [new WebAssembly.RuntimeError('memory access out of bounds'), 'page.out-of-memory'],
  [new DOMException('The quota has been exceeded.', 'QuotaExceededError'), 'file.storage-full'],
  [new TypeError('x is not a function'), 'page.unexpected'],
  ['a text', 'page.unexpected'],
])('gives %s a code and the browser’s words', (error, code) => {
  const text = describeError(error);
  expect(text.code).toBe(code);
  if (code !== 'page.unexpected') expect(text.hint).toBeDefined();
});
