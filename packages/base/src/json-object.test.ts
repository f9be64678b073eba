import { expect, it } from 'vitest';
import { duplicateKey, isObject, parseJsonObject } from './json-object.js';

it('takes objects alone for objects', () => {
  expect([{}, [], null, 'a', 1].map(isObject)).toEqual([true, false, false, false, false]);
});

it('names the file whose text is not a JSON object', () => {
  expect(parseJsonObject('{"a": 1}', 'a.json')).toEqual({ a: 1 });
  for (const text of ['{"a": 1', '[1]', 'null'])
    expect(() => parseJsonObject(text, 'a.json')).toThrowError(
      expect.objectContaining({ code: 'model.bad-json', message: expect.stringContaining('a.json') }),
    );
});

it('finds a key that one object has twice, at any depth and however it is written', () => {
  expect(duplicateKey('{"a": {"b": 1}, "b": [{"a": 2}, {"a": 3}], "c": "a"}')).toBeUndefined();
  expect(duplicateKey('{"a": [{"b": 1, "c": 2, "b": 3}]}')).toBe('b');
  expect(duplicateKey('{"a": 1, "\\u0061": 2}')).toBe('a');
});
