import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locateJsonError } from './_json-error.js';

const valid = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('locateJsonError', () => {
  it.each([
    ['{"a": 1,}', 8, 'a key in double quotes', '"}"'],
    ['{"a" 1}', 5, '":"', '"1"'],
    ['{"a": "b', 8, 'the closing double quote', 'the end of the line'],
    ['{"a": [1 2]}', 9, '"," or "]"', '"2"'],
    ["{'a': 1}", 1, 'a key in double quotes or "}"', '"\'"'],
    ['{"a": nul}', 6, 'a value', '"n"'],
    ['{"a": "\\x"}', 7, 'a valid escape', '"\\"'],
    ['{"a": "\t"}', 7, 'no control character in a string', 'U+0009'],
    ['{} {}', 3, 'the end of the line', '"{"'],
    ['', 0, 'a value', 'the end of the line'],
    ['[01]', 2, '"," or "]"', '"1"'],
  ])('finds the fault of %s', (text, offset, expected, actual) => {
    expect(valid(text)).toBe(false);
    expect(locateJsonError(text)).toEqual({ offset, expected, actual });
  });

  it('agrees with JSON.parse on any valid JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t'), (json, indent) => {
        expect(locateJsonError(json)).toBeUndefined();
        expect(locateJsonError(JSON.stringify(JSON.parse(json), null, indent))).toBeUndefined();
      }),
    );
  });

  it('agrees with JSON.parse on damaged JSON, and names a place within the text', () => {
    const damage = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 3 }),
      insertion: fc.constantFrom('', '"', '}', ',', '\\', '0', '\u0001', 'e'),
    });
    fc.assert(
      fc.property(fc.json(), damage, (json, { at, remove, insertion }) => {
        const place = at % (json.length + 1);
        const text = json.slice(0, place) + insertion + json.slice(place + remove);
        const error = locateJsonError(text);
        expect(error === undefined).toBe(valid(text));
        if (error !== undefined) expect(error.offset).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('survives deep nesting', () => {
    expect(locateJsonError('['.repeat(200_000))?.offset).toBe(200_000);
  });
});
