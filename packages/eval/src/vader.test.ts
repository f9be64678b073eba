import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { vaderReward } from './vader.js';

describe('vaderReward', () => {
  it('is positive for praise, negative for blame, 0 for neither', () => {
    expect(vaderReward('This film is wonderful, I love it!')).toBeGreaterThan(0.8);
    expect(vaderReward('A terrible, boring mess.')).toBeLessThan(-0.5);
    expect(vaderReward('The film is two hours long.')).toBe(0);
  });

  it('gives the compound scores of the Python package, but for the rules it lacks', async () => {
    const path = new URL('../../../tooling/parity/fixtures/eval/vader.json', import.meta.url);
    const cases = JSON.parse(await readFile(path, 'utf8')) as { text: string; compound: number }[];
    expect(cases.length).toBeGreaterThan(100);
    // Rules that Python's later release has and the JavaScript package has not; vader.ts names them.
    const later = /!\.|\bhardly\b|\bno plot\b|without doubt|^Not bad|\p{Extended_Pictographic}/u;
    const [known, same] = [cases.filter(({ text }) => later.test(text)), cases.filter(({ text }) => !later.test(text))];
    expect(same.length).toBeGreaterThan(90);
    expect(same.filter(({ text, compound }) => Math.abs(vaderReward(text) - compound) > 1e-4)).toEqual([]);
    expect(known.every(({ text, compound }) => Math.abs(vaderReward(text) - compound) > 1e-4)).toBe(true);
  });
});
