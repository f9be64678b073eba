import { describe, expect, it } from 'vitest';
import { labelInstruction, labelVerdict } from './label-verdict.js';

describe('a verdict from probabilities of labels', () => {
  it('is the likeliest label, with p(first) among the labels', () => {
    expect(labelVerdict([0.6, 0.2])).toEqual({ verdict: 'first', p_first: 0.6 / 0.8, label_mass: 0.8 });
    expect(labelVerdict([0, 0.5])).toEqual({ verdict: 'second', p_first: 0, label_mass: 0.5 });
    expect(labelVerdict([0.25, 0.25])).toEqual({ verdict: 'tie', p_first: 0.5, label_mass: 0.5 });
  });

  it.each([
    [0, 0],
    [0.04, 0.005],
    [1e-9, 1e-12],
    [0.02, 0.01, 0.01],
  ])('is none with hardly any probability of a label: %j', (...probabilities) => {
    const verdict = labelVerdict(probabilities);
    expect(verdict).toMatchObject({
      verdict: 'unparsable',
      reason: 'The labels are unlikely beginnings of the reply.',
    });
    expect(verdict.label_mass).toBeCloseTo(
      probabilities.reduce((sum, p) => sum + p, 0),
      12,
    );
    expect(verdict).not.toHaveProperty('p_first');
  });

  it('is one from a twentieth of the probability on', () => {
    expect(labelVerdict([0.05, 0])).toEqual({ verdict: 'first', p_first: 1, label_mass: 0.05 });
  });

  it('counts a tie as one half', () => {
    const verdict = labelVerdict([0.2, 0.1, 0.5]);
    expect(verdict.verdict).toBe('tie');
    expect(verdict.p_first).toBeCloseTo((0.2 + 0.25) / 0.8, 12);
    expect(labelVerdict([0.3, 0.3, 0.2]).verdict).toBe('tie');
  });
});

it('asks for the letters that are offered', () => {
  expect(labelInstruction(['A', 'B'])).toBe('Which is better? Reply with one letter alone: A or B.');
  expect(labelInstruction(['A', 'B', 'C'])).toContain('or C where both are equally good');
});
