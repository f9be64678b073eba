import { expect, it } from 'vitest';
import { DpoError } from './error.js';
import { quoted, shortened, visible } from './printable.js';

it('writes control characters out, and no other character', () => {
  const text = 'a\x1b[31mb\x07\r\x7f\x9b2J\u202ec\nd\té 日 🙂 \u200f';
  expect(visible(text)).toBe('a\\u001b[31mb\\u0007\\u000d\\u007f\\u009b2J\\u202ec\nd\té 日 🙂 \u200f');
  // A JSON text keeps its value.
  const json = JSON.stringify({ text });
  expect(JSON.parse(visible(json))).toEqual({ text });
});

it('cuts long texts in the middle, names the number of missing characters, and cuts no character in two', () => {
  expect(shortened('abcd', 4)).toBe('abcd');
  expect(shortened('x'.repeat(100) + 'y'.repeat(100), 8)).toBe('xxxxxx … (192 characters left out) … yy');
  expect(shortened('🙂'.repeat(50), 12)).toBe('🙂🙂🙂🙂 … (90 characters left out) … 🙂');
});

it('quotes values of any kind on one line', () => {
  expect(quoted('a\n"b"\x1b')).toBe('"a\\n\\"b\\"\\u001b"');
  expect(quoted(undefined)).toBe('undefined');
  expect(quoted({ a: 'x'.repeat(1000) }).length).toBeLessThan(130);
});

it('keeps errors short and harmless: message, hint and values', () => {
  const long = `\x1b]0;title\x07${'x'.repeat(100_000)}`;
  const keys = Array.from({ length: 5000 }, (_, i) => `key ${i}`);
  const error = new DpoError('data.wrong-type', `pairs.jsonl, line 3: "${long}" must be a text.`, {
    values: { path: 'pairs.jsonl', line: 3, key: long, keys, row: Object.fromEntries(keys.map((key) => [key, 1])) },
    hint: `The row has ${keys.join(', ')}.`,
  });
  expect(error.message).toMatch(
    /^pairs\.jsonl, line 3: "\\u001b]0;title\\u0007x.* characters left out.* must be a text\.$/,
  );
  expect(error.message.length).toBeLessThan(2100);
  expect(error.hint?.length).toBeLessThan(2100);
  expect(JSON.stringify(error.values).length).toBeLessThan(10_000);
  expect(error.values).toMatchObject({ line: 3, keys: { 0: 'key 0', 100: '… 4900 more' }, row: { '…': '4900 more' } });
  const plain = { path: 'a', row: 3, shape: [2, 3], nested: { a: [null, true, 'x'] } };
  expect(new DpoError('a.b', 'Plain.', { values: plain }).values).toEqual(plain);
});
