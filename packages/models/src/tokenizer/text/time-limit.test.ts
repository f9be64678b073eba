import { describe, expect, it } from 'vitest';
import { tinyTokenizer } from '../../test/index.js';
import { createTokenizer } from '../tokenizer.js';
import { endsSoon } from './ends-soon.js';
import { compilePattern } from './pattern.js';
import { limitTime } from './time-limit.js';

/** Patterns that step back without end, and texts on which they do. */
const endless: readonly (readonly [string, string])[] = [
  ['(a+)+$', `${'a'.repeat(40)}b`],
  ['(a|a)*c', 'a'.repeat(40)],
  ['(a|aa)+$', `${'a'.repeat(60)}b`],
  ['(?:(?:\\s*x?)*)*!', `${' x'.repeat(30)}y`],
  ['([^!]+)*!', 'word '.repeat(12)],
  ['(.*a){20}$', `${'a'.repeat(40)}b`],
  ['^(\\w+\\s?)*$', `${'word '.repeat(12)}!`],
  ['(x+x+)+y', 'x'.repeat(40)],
];

const withPart = (part: Record<string, unknown>) => {
  const json = JSON.parse(tinyTokenizer().files['tokenizer.json'] ?? '') as Record<string, unknown>;
  return createTokenizer({ 'tokenizer.json': JSON.stringify({ ...json, ...part }) });
};

describe('a pattern that steps back without end', () => {
  it.each(endless)('does not count as one that ends soon, and is endlessError: %s', (source, text) => {
    expect(endsSoon(source)).toBe(false);
    const { regex } = compilePattern({ Regex: source });
    expect(() => limitTime(text, [source], () => text.match(regex), 20)).toThrow(
      expect.objectContaining({
        code: 'tokenizer.endless-pattern',
        message: expect.stringContaining(`characters: /${source}/`),
        values: { patterns: [source], characters: text.length, text: text.slice(0, 80) },
      }),
    );
  });

  it('is an error of the tokenizer, in cutting words and in normalising texts', () => {
    const pattern = { Regex: '(a+)+$' };
    const split = withPart({ pre_tokenizer: { type: 'Split', pattern, behavior: 'Isolated', invert: false } });
    const replace = withPart({ normalizer: { type: 'Replace', pattern, content: '' } });
    const text = `${'a'.repeat(50)}b`;
    const endlessError = expect.objectContaining({ code: 'tokenizer.endless-pattern' });
    expect([split.endsSoon, replace.endsSoon]).toEqual([false, false]);
    expect(() => split.encode(text)).toThrow(endlessError);
    expect(() => replace.encodeAfter('', text)).toThrow(endlessError);
    expect(split.decode(split.encode('baaa'))).toBe('baaa');
  });

  it('is an error in decoding', () => {
    const json = JSON.parse(tinyTokenizer().files['tokenizer.json'] ?? '') as Record<string, unknown>;
    const long = { id: 257, content: `${'a'.repeat(50)}b`, special: false, normalized: false };
    const tokenizer = createTokenizer({
      'tokenizer.json': JSON.stringify({
        ...json,
        added_tokens: [long],
        decoder: { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' },
      }),
    });
    expect(tokenizer.decode([98])).toBe('b');
    expect(() => tokenizer.decode([257])).toThrow(expect.objectContaining({ code: 'tokenizer.endless-pattern' }));
  });

  it('passes other errors on', () => {
    const wrong = new TypeError('wrong');
    expect(() =>
      limitTime('', [], () => {
        throw wrong;
      }),
    ).toThrow(wrong);
    expect(limitTime('', [], () => 7)).toBe(7);
  });
});

describe('a pattern that ends soon', () => {
  it.each([
    '\\p{N}{1,3}',
    '\\p{N}',
    ' {2,}',
    '[0-9][0-9][0-9]',
    '[一-龥\u3040-ゟ゠-ヿ]+',
    '(?=\\p{Lu})',
    'a|b',
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  ])('is executed without a limit: %s', (source) => {
    expect(endsSoon(source)).toBe(true);
  });
});
