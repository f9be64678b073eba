import { expect, it } from 'vitest';
import { shellWord } from './shell-word.js';

it('quotes texts that a shell would take apart, and no other text', () => {
  expect(shellWord('runs/first-1/final')).toBe('runs/first-1/final');
  expect(shellWord('my runs/*')).toBe("'my runs/*'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
  expect(shellWord('')).toBe("''");
});
