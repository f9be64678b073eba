import { describe, expect, it } from 'vitest';
import { labelInstruction, labelVerdict } from './label-verdict.js';

describe('a verdict from probabilities of labels', () => {
  it('is the likeliest label, with p(first) among the labels', () => {
    expect(labelVerdict([0.6, 0.2])).toEqual({ verdict: 'first', p_first: 0.6 / 0.8, label_mass: 0.8 });
    expect(labelVerdict([0, 0.5])).toEqual({ verdict: 'second', p_first: 0, label_mass: 0.5 });
    expect(labelVerdict([0.25, 0.25])).toEqual({ verdict: 'tie', p_first: 0.5, label_mass: 0.5 });
  });

  it('is none without any probability', () => {
    expect(labelVerdict([0, 0])).toMatchObject({ verdict: 'unparsable', label_mass: 0 });
    expect(labelVerdict([0, 0])).not.toHaveProperty('p_first');
  });

  it('counts a tie as one half', () => {
    const found = labelVerdict([0.2, 0.1, 0.5]);
    expect(found.verdict).toBe('tie');
    expect(found.p_first).toBeCloseTo((0.2 + 0.25) / 0.8, 12);
    expect(labelVerdict([0.3, 0.3, 0.2]).verdict).toBe('tie');
  });
});

it('asks for the letters that are offered', () => {
  expect(labelInstruction(['A', 'B'])).toBe('Which is better? Reply with one letter alone: A or B.');
  expect(labelInstruction(['A', 'B', 'C'])).toContain('or C where both are equally good');
});
