import { random } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { besideJudge } from './beside-judge.js';

const verdict = (
  prompt: string,
  first: StoredVerdict['first'],
  label: StoredVerdict['verdict'],
  more: Partial<StoredVerdict> = {},
): StoredVerdict => ({ prompt_id: prompt, first, repetition: 0, verdict: label, ...more });

/** A judge that says the same in both orders. */
const both = (prompt: string, prefers: 'model' | 'baseline', more: Partial<StoredVerdict> = {}) => [
  verdict(prompt, 'model', prefers === 'model' ? 'first' : 'second', more),
  verdict(prompt, 'baseline', prefers === 'model' ? 'second' : 'first', more),
];

describe('people beside a judge', () => {
  // The judge: model, model, model, baseline, a tie by position, and three prompts more. Anna: m, m, b, b, tie; Ben: a and b alone.
  const judge = [
    ...(['a', 'b', 'c'] as const).flatMap((prompt) => both(prompt, 'model')),
    ...both('d', 'baseline'),
    verdict('e', 'model', 'first'),
    verdict('e', 'baseline', 'first'),
    ...both('f', 'model'),
    ...both('g', 'model'),
    ...both('h', 'baseline'),
  ];
  const anna = { rater: 'anna' };
  const ben = { rater: 'ben' };
  const votes = [
    verdict('a', 'model', 'first', anna),
    verdict('b', 'baseline', 'second', anna),
    verdict('c', 'model', 'second', anna),
    verdict('d', 'baseline', 'first', anna),
    verdict('e', 'model', 'tie', { ...anna, both_bad: true }),
    verdict('a', 'model', 'first', ben),
    verdict('b', 'model', 'second', ben),
  ];
  const figures = besideJudge(judge, votes);

  it('by hand: agreement, κ with ties as a label, prevalence, α', () => {
    expect(figures).toMatchObject({ raters: ['anna', 'ben'], pairs: 5, agreement: { count: 7, agreement: 5 / 7 } });
    // Judge: m 5/7, b 1/7, tie 1/7. People: m 3/7, b 3/7, tie 1/7.
    expect(figures.prevalence).toEqual({
      judge: { model: 5 / 7, baseline: 1 / 7, tie: 1 / 7 },
      people: { model: 3 / 7, baseline: 3 / 7, tie: 1 / 7 },
    });
    const chance = (5 * 3 + 1 * 3 + 1 * 1) / 49;
    expect(figures.agreement.kappa).toBeCloseTo((5 / 7 - chance) / (1 - chance), 12);
    // Items of two: a is m m, b is m b. D_o = (0 + 2 · 1 · 1) / 4; D_e of m m m b = 2 · 3 · 1 / (4 · 3): both ½.
    expect(figures.alpha).toBeCloseTo(0, 12);
    expect(figures.ownConsistency).toBeUndefined();
  });

  it('by hand: rates, and the judge’s rate corrected by people', () => {
    // People: a 1, b ½ (anna for, ben against), c 0, d 0, e ½. The judge: 1, 1, 1, 0, ½, and alone 1, 1, 0.
    expect(figures.people.rate).toBeCloseTo(2 / 5, 12);
    expect(figures.judge.rate).toBeCloseTo(3.5 / 5, 12);
    const { lambda, mean, labelled, unlabelled } = figures.corrected as NonNullable<typeof figures.corrected>;
    expect([labelled, unlabelled]).toEqual([5, 3]);
    expect(mean).toBeCloseTo((lambda * 2) / 3 + 2 / 5 - (lambda * 3.5) / 5, 12);
    expect(figures.conclusion).toBe('undecided');
  });

  it('gives people’s own rate when they judged all, and no α when no two judged the same pair', () => {
    const alone = besideJudge(both('a', 'model'), [verdict('a', 'model', 'first', anna)]);
    expect(alone).toMatchObject({ corrected: undefined, alpha: undefined, people: { rate: 1 } });
  });

  it('refuses votes on other prompts, and at other temperatures', () => {
    expect(() => besideJudge(judge, [verdict('z', 'model', 'first')])).toThrow(
      expect.objectContaining({ code: 'human.no-common-pair' }),
    );
    expect(() => besideJudge(both('a', 'model', { temperature: 1 }), [verdict('a', 'model', 'first')])).toThrow(
      expect.objectContaining({ code: 'human.no-common-pair' }),
    );
  });

  it.each([
    [{ model_length: 10 }, { model_length: 12 }],
    [{ baseline_length: 10 }, { baseline_length: 12, prompt_digest: '0000000000000001' }],
    [
      { prompt_digest: '0000000000000000', model_length: 10, baseline_length: 10 },
      { prompt_digest: '0000000000000001', model_length: 10, baseline_length: 10 },
    ],
  ])('refuses votes on other answers, of the same length too: %j and %j', (ofJudge, ofPeople) => {
    expect(() => besideJudge(both('a', 'model', ofJudge), [verdict('a', 'model', 'first', ofPeople)])).toThrow(
      expect.objectContaining({
        code: 'human.other-answers',
        message: 'Votes and verdicts on prompt a are on different texts.',
      }),
    );
    expect(besideJudge(both('a', 'model', ofJudge), [verdict('a', 'model', 'first', ofJudge)]).pairs).toBe(1);
  });

  it('takes out the judge’s error', () => {
    // People prefer the model on 40 % of prompts; the judge calls a third of what they give the baseline the model's: 60 %.
    const next = random(5);
    const truth = Array.from({ length: 2000 }, () => next() < 0.4);
    const verdicts = truth.flatMap((better, i) => both(`p${i}`, better || next() < 1 / 3 ? 'model' : 'baseline'));
    const someVotes = truth
      .slice(0, 300)
      .map((better, i) => verdict(`p${i}`, 'model', better ? 'first' : 'second', { rater: 'anna' }));
    const { judge, corrected, conclusion } = besideJudge(verdicts, someVotes, { resamples: 200 });
    expect(judge.low).toBeGreaterThan(0.5);
    expect(corrected?.low).toBeLessThan(0.4);
    expect(corrected?.high).toBeGreaterThan(0.4);
    expect(conclusion).toBe('worse');
  });
});
