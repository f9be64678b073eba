import fc from 'fast-check';
import { expect, it } from 'vitest';
import { preferenceDataset } from '../rows/dataset.js';
import type { PreferencePair } from '../rows/types.js';
import { joinPreferences } from './join.js';

const pair = fc.record({
  prompt: fc.string({ minLength: 1 }),
  chosen: fc.string({ minLength: 1 }),
  rejected: fc.string({ minLength: 1 }),
});

it('is the same dataset as one of all rows, however the rows are divided', () => {
  fc.assert(
    fc.property(fc.array(fc.array(pair, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }), (parts) => {
      const whole = preferenceDataset(parts.flat());
      const sequence = joinPreferences(parts.map((rows) => preferenceDataset(rows)));
      expect(sequence.length).toBe(whole.length);
      expect([...sequence]).toEqual([...whole]);
      expect([...sequence]).toEqual([...whole]); // and can be iterated again
      expect(Array.from({ length: sequence.length }, (_, row) => sequence.at(row))).toEqual([...whole]);
      expect(sequence.fingerprint).toBe(whole.fingerprint);
      for (const row of [-1, sequence.length, 0.5])
        expect(() => sequence.at(row)).toThrow(expect.objectContaining({ code: 'data.no-such-row' }));
    }),
    { numRuns: 50 },
  );
});

it('refuses an empty list of datasets, and plain texts beside conversations', () => {
  expect(() => joinPreferences([])).toThrow(expect.objectContaining({ code: 'data.empty-dataset' }));
  const text: PreferencePair = { prompt: 'a', chosen: 'b', rejected: 'c' };
  const turn = (role: string, content: string) => [{ role, content }];
  const chat: PreferencePair = {
    prompt: turn('user', 'a'),
    chosen: turn('assistant', 'b'),
    rejected: turn('assistant', 'c'),
  };
  expect(() => joinPreferences([preferenceDataset([text]), preferenceDataset([chat])])).toThrow(
    expect.objectContaining({ code: 'data.mixed-rows' }),
  );
});
