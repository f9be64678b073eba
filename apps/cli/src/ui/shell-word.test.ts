import { expect, it } from 'vitest';
import { shellWord } from './shell-word.js';

it('quotes what a shell would take apart, and nothing else', () => {
  expect(shellWord('runs/first-1/final')).toBe('runs/first-1/final');
  expect(shellWord('my runs/*')).toBe("'my runs/*'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
  expect(shellWord('')).toBe("''");
});
