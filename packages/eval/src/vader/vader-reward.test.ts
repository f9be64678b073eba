import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vaderReward } from './vader-reward.js';

const fixture = new URL('../../../../tooling/parity/fixtures/eval/vader.json', import.meta.url);
const scores = JSON.parse(readFileSync(fixture, 'utf8')) as [text: string, compound: number][];

describe('vaderReward', () => {
  it(`equals Python's vaderSentiment on ${scores.length} texts`, () => {
    expect(scores.length).toBeGreaterThan(300);
    const different = scores.filter(([text, compound]) => vaderReward(text) !== compound);
    expect(different.map(([text, compound]) => ({ text, compound, ours: vaderReward(text) }))).toEqual([]);
  });

  it('is the formula on a word of the lexicon', () => {
    // "good" has the valence 1.9: 1.9 / √(1.9² + 15) = 0.44043; an exclamation mark adds 0.292.
    expect(vaderReward('good')).toBe(0.4404);
    expect(vaderReward('good!')).toBe(Number((2.192 / Math.sqrt(2.192 ** 2 + 15)).toFixed(4)));
    expect(vaderReward('')).toBe(0);
  });

  it('stays within −1 and 1 and never fails, whatever the text', () => {
    const word = fc.constantFrom(
      'love',
      'HATE',
      'not',
      'but',
      'no',
      'so',
      '😡',
      ':)',
      '!!',
      'kind of',
      '??',
      'the bomb',
    );
    const text = fc.oneof(
      fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
      fc.array(word).map((words) => words.join(' ')),
    );
    fc.assert(fc.property(text, (value) => Math.abs(vaderReward(value)) <= 1));
  });
});
