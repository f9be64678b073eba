import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filteredDraw } from './filtered-draw.js';

const logsOf = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);

describe('filtered draw', () => {
  it('keeps the k likeliest tokens', () => {
    const logits = logsOf(0.1, 0.4, 0.2, 0.3);
    const tokenAt = (u: number) => filteredDraw(logits, u, { temperature: 1, topK: 2 });
    // 0.4 / 0.7 = 0.571…
    expect([0, 0.57, 0.58, 0.999].map(tokenAt)).toEqual([1, 1, 3, 3]);
  });

  it('keeps the fewest likeliest tokens that together have the probability p', () => {
    const logits = logsOf(0.1, 0.4, 0.2, 0.3);
    const tokenAt = (u: number) => filteredDraw(logits, u, { temperature: 1, topP: 0.75 });
    // 0.4, 0.3 and 0.2 add up to 0.9: borders at 0.444… and 0.777…
    expect([0, 0.44, 0.45, 0.77, 0.78, 0.999].map(tokenAt)).toEqual([1, 1, 3, 3, 2, 2]);
    expect(filteredDraw(logits, 0.999, { temperature: 1, topP: 1e-9 })).toBe(1);
  });

  it('applies p to the k likeliest tokens', () => {
    const logits = logsOf(0.1, 0.4, 0.2, 0.3);
    // Of 0.4 and 0.3, the first is 0.57 of the sum.
    expect(filteredDraw(logits, 0.999, { temperature: 1, topK: 2, topP: 0.5 })).toBe(1);
    expect(filteredDraw(logits, 0.999, { temperature: 1, topK: 2, topP: 0.6 })).toBe(3);
  });

  it('sharpens before it filters', () => {
    // At temperature ½ probabilities are squared: 0.16, 0.09, 0.04, 0.01 of 0.3.
    const logits = logsOf(0.4, 0.3, 0.2, 0.1);
    const tokenAt = (u: number) => filteredDraw(logits, u, { temperature: 0.5, topP: 0.8 });
    expect([0.63, 0.65].map(tokenAt)).toEqual([0, 1]); // 0.16 / 0.25 = 0.64
  });

  it('draws as if the whole vocabulary were sorted', () => {
    const plain = (logits: Float32Array, u: number, k: number, p: number) => {
      const weights = Float64Array.from(logits, (logit) => Math.exp(logit - Math.max(...logits)));
      const order = [...weights.keys()].sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b);
      const top = order.slice(0, k);
      const mass = top.reduce((sum, id) => sum + (weights[id] as number), 0);
      const candidates: number[] = [];
      for (
        let sum = 0;
        sum < p * mass && candidates.length < top.length;
        sum += weights[candidates.at(-1) as number] as number
      )
        candidates.push(top[candidates.length] as number);
      let rest = u * candidates.reduce((sum, id) => sum + (weights[id] as number), 0);
      return (
        candidates.find((id) => {
          rest -= weights[id] as number;
          return rest < 0;
        }) ?? candidates.at(-1)
      );
    };
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 99 }),
        fc.integer({ min: 1, max: 45 }),
        fc.integer({ min: 1, max: 19 }),
        (values, u, k, p) => {
          const logits = Float32Array.from(values);
          const got = filteredDraw(logits, u / 100, { temperature: 1, topK: k, topP: p / 20 });
          expect(got).toBe(plain(logits, u / 100, k, p / 20));
        },
      ),
    );
  });
});
