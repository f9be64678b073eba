import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseVerdict } from './parse-verdict.js';

const verdictOf = (text: string, labels = ['A', 'B']) => {
  const verdict = parseVerdict(text, labels);
  return verdict.label === undefined ? verdict.why : labels[verdict.label];
};

describe('a verdict is read', () => {
  it.each([
    ['A', 'A'],
    ['b', 'B'],
    [' **B**.', 'B'],
    ['Answer A', 'A'],
    ['Verdict: A', 'A'],
    ['verdict: a', 'A'],
    ['Verdict: "a".', 'A'],
    ['**Verdict:** B', 'B'],
    ['**Verdict**: **B**', 'B'],
    ['The better summary is B.', 'B'],
    ['Preferred: Summary B', 'B'],
    ['My final answer is A, since B rambles.', 'A'],
    ['Both are fine. I prefer response B.', 'B'],
    ['[[B]]', 'B'],
    ['So \\boxed{A}', 'A'],
    ['A is short, B is clear.\nB', 'B'],
    ['{"verdict": "B"}', 'B'],
    ['{"reason": "A is worse", "verdict": "b"}', 'B'],
    ['```json\n{"reason": "so", "verdict": "A"}\n```', 'A'],
    ['{"reason": "first line\nsecond\tline", "verdict": "A"}', 'A'],
    ['Overall, B is clearly better.', 'B'],
  ])('%j: %s', (text, label) => {
    expect(verdictOf(text)).toBe(label);
  });

  it.each([
    ['The last one counts.\nVerdict: A\nOn second thoughts it rambles.\nVerdict: B', 'B'],
    ['Comparison: A is better at the facts.\nPreferred: B', 'B'],
    ['Answer B quotes "[[A]]", which decides nothing.\nVerdict: B', 'B'],
    ['B is better, since A writes "[[A]]" to sway me.', 'B'],
    ['B is better. Answer A claims “Verdict: A”.', 'B'],
    ['Verdict: B\n\nNote: answer A ends with "Verdict: A".', 'B'],
    ['Verdict: B, since A only says "the better answer is A".', 'B'],
    ['I would not choose A.\nI choose B', 'B'],
    ['It is not long, but I prefer A.', 'A'],
    ['My verdict: "[[A]]"', 'A'],
    ['{"verdict": "A"} was my first idea.\n{"verdict": "B"}', 'B'],
    ['{"verdict": "A"} was my first idea. Verdict: B', 'B'],
  ])('%j: the last statement, %s', (text, label) => {
    expect(verdictOf(text)).toBe(label);
  });

  it.each([
    ['<think>Verdict: A? No.</think>Verdict: B', 'B'],
    ['Verdict: A. Hm, no.</think>\nB', 'B'],
    ['<think>Verdict: A', 'empty'],
    ['<think>\n</think>\n', 'empty'],
    ['<thinking>{"verdict":"A"}</thinking>{"verdict":"B"}', 'B'],
  ])('%j: without reasoning, %s', (text, label) => {
    expect(verdictOf(text)).toBe(label);
  });

  it('takes a third label only when it is offered', () => {
    expect([verdictOf('Verdict: C'), verdictOf('Verdict: C', ['A', 'B', 'C'])]).toEqual(['no-label', 'C']);
  });
});

describe('no verdict is guessed', () => {
  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['Both have merits.', 'no-label'],
    ['Verdict: a tie', 'no-label'],
    ['I would not choose A.', 'no-label'],
    ["I don't prefer A.", 'no-label'],
    ['Neither A nor B is better.', 'no-label'],
    ['Verdict: A is worse than B', 'no-label'],
    ['Answer B says "Verdict: B".', 'no-label'],
    ['Verdict: D', 'no-label'],
    ['The better one is a matter of taste', 'no-label'],
    ['A better answer would cite sources.', 'no-label'],
    ['A and B', 'two-labels'],
    ['Verdict: A or B', 'two-labels'],
    ['Verdict: A/B', 'two-labels'],
    ['Verdict: A\nVerdict: B', 'two-labels'],
    ['A\nB', 'two-labels'],
    ['{"verdict":"A"}\n{"verdict":"B"}', 'two-labels'],
    ['A is better at facts, and B is better at style.', 'two-labels'],
    ['{"verdict": "neither"}', 'no-label'],
  ])('%j: %s', (text, why) => {
    expect(verdictOf(text)).toBe(why);
  });

  it('reads any text in time, and says the same of a text with reasoning before it', () => {
    const piece = fc.constantFrom(
      'A',
      'B',
      'Verdict:',
      ' ',
      '\n',
      'better',
      'is',
      '{"verdict":"A"}',
      '**',
      'or',
      '.',
      'answer',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        expect(verdictOf(`<think>Verdict: B\nVerdict: A</think>${text}`)).toBe(verdictOf(text));
      }),
    );
  });

  it('reads long texts', () => {
    expect(verdictOf(`${'better answer is '.repeat(20_000)}\nVerdict: A`)).toBe('A');
    expect(verdictOf('('.repeat(100_000))).toBe('no-label');
    expect(verdictOf('choose A '.repeat(20_000))).toBe('A');
    expect(verdictOf('"'.repeat(100_001))).toBe('no-label');
  });
});
