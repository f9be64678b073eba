import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseConfig, writeConfig } from './config-json.js';

it('writes floats as floats and whole numbers as whole numbers, at any depth', () => {
  const text = `{
  "cap": 30.0,
  "width": 30,
  "epsilon": 0.00001,
  "nested": {
    "factor": 8.0,
    "list": [
      1.0,
      2,
      {
        "a \\"b\\": 1.0": -0.5,
        "big": 1e3
      }
    ],
    "text": "30.0"
  },
  "dtype": "bfloat16"
}
`;
  expect(writeConfig(parseConfig(text, 'config.json'), {})).toBe(text);
  const changed = writeConfig(parseConfig(text, 'config.json'), { dtype: 'float32', cap: 31, more: [] });
  expect(changed).toBe(text.replace('30.0', '31').replace('"bfloat16"', '"float32",\n  "more": []'));
});

it('keeps every value of every configuration', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (config) => {
      const plain = JSON.parse(JSON.stringify(config)) as Record<string, unknown>;
      const text = JSON.stringify(plain).replaceAll(/(?<=[:,[])(\d+)(?=[,\]}])/g, '$1.0');
      let original: unknown;
      try {
        original = JSON.parse(text);
      } catch {
        return; // the replacement fell into a string
      }
      expect(JSON.parse(writeConfig(parseConfig(text, 'config.json'), {}))).toEqual(original);
    }),
  );
});
