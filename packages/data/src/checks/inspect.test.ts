import { describe, expect, it } from 'vitest';
import { preferenceDataset } from '../rows/dataset.js';
import { byteTokenizer, tinyPairs } from '../test/index.js';
import { inspectPreferences, percentiles } from './inspect.js';

describe('inspectPreferences', () => {
  const pairs = preferenceDataset([
    { prompt: 'a', chosen: 'long answer', rejected: 'short', source: 'x', chosenScore: 3, rejectedScore: 1 },
    { prompt: 'a', chosen: 'short', rejected: 'long answer', source: 'x', chosenScore: 1, rejectedScore: 2 },
    { prompt: 'a', chosen: 'long answer', rejected: 'short', source: 'y' },
    { prompt: 'b', chosen: 'same', rejected: 'same', referenceChosenLogp: -1, referenceRejectedLogp: -2 },
  ]);

  it('counts by hand', () => {
    const inspection = inspectPreferences(pairs);
    expect(inspection).toMatchObject({
      rows: 4,
      kind: 'text',
      prompts: 2,
      sources: [
        { source: 'x', rows: 2 },
        { source: 'y', rows: 1 },
      ],
      unit: 'characters',
      identicalAnswers: [3],
      duplicates: [2],
      contradictions: [1, 2],
      scoreMargins: { rows: 2, negative: 1, min: -1, max: 2, mean: 0.5 },
      referenceLogps: 1,
    });
    expect(inspection.chosenLonger).toMatchObject({ count: 2, of: 3 });
    expect(inspection.lengths.chosen).toMatchObject({ min: 4, p50: 5, max: 11 });
    expect(inspection.cuts).toBeUndefined();
    expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection);
  });

  it('counts tokens, and what limits would cut, with a tokenizer', () => {
    const inspection = inspectPreferences(pairs, byteTokenizer({ bos: true }), { maxLength: 8, maxPromptLength: 1 });
    expect(inspection.unit).toBe('tokens');
    expect(inspection.lengths.prompt.max).toBe(2);
    expect(inspection.lengths.chosen.max).toBe('long answer'.length + 1);
    expect(inspection.cuts).toEqual({
      rows: 4,
      truncatedPrompts: 4,
      truncatedAnswers: 3,
      truncatedRows: 4,
      promptTokensCut: 4,
      answerTokensCut: 15,
      answersCutAway: 0,
    });
    expect(inspectPreferences(pairs, byteTokenizer(), { maxLength: 1 }).cuts?.answersCutAway).toBe(4);
  });

  it('finds nothing wrong with the tiny pairs but their repeats', () => {
    const inspection = inspectPreferences(tinyPairs());
    expect([inspection.identicalAnswers, inspection.contradictions, inspection.prompts]).toEqual([[], [], 16]);
  });
});

describe('percentiles', () => {
  it('takes nearest ranks', () => {
    expect(percentiles([5, 1, 4, 2, 3])).toEqual({ min: 1, p50: 3, p90: 5, p99: 5, max: 5, mean: 3 });
    expect(percentiles([])).toEqual({ min: 0, p50: 0, p90: 0, p99: 0, max: 0, mean: 0 });
  });
});
