import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { condense, smooth, smoothingWindow } from './condense.js';
import { meanOnly, number, percent, plusMinus, tickLabels } from './format.js';
import { escapeText, html } from './html.js';
import { scale, stepScale } from './scale.js';

describe('scale', () => {
  it('has round ticks around the values and maps them in order', () => {
    const { ticks, at } = scale(0.13, 0.87, 0, 100);
    expect(ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect([at(0), at(0.5), at(1)]).toEqual([0, 50, 100]);
  });

  it('holds the values for any range', () => {
    const double = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(double, double, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { ticks } = scale(low, high, 0, 1);
        const slack = 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
        expect(ticks.length).toBeLessThan(14);
        expect(ticks[0]).toBeLessThanOrEqual(low + slack);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high - slack);
      }),
    );
  });
});

describe('stepScale', () => {
  it('ends where the steps end, with whole ticks between', () => {
    const { ticks, at } = stepScale(1, 22, 0, 210);
    expect(ticks).toEqual([5, 10, 15, 20]);
    expect([at(1), at(22)]).toEqual([0, 210]);
    expect(stepScale(1, 3, 0, 1).ticks).toEqual([1, 2, 3]);
    expect(stepScale(4, 4, 0, 10).at(4)).toBe(5);
  });
});

describe('condense', () => {
  it('keeps a short curve as it is', () => {
    expect(condense([[1, 5]])).toEqual([{ x: 1, y: 5, low: 5, high: 5 }]);
  });

  it('takes means of steps that follow one another, never outside of their band', () => {
    expect(
      condense(
        [
          [1, 2],
          [2, 4],
          [3, 9],
        ],
        2,
      ),
    ).toEqual([
      { x: 2, y: 3, low: 2, high: 4 },
      { x: 3, y: 9, low: 9, high: 9 },
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 700 }), (ys) => {
        const curve = condense(ys.map((y, i) => [i, y] as const));
        expect(curve.length).toBeLessThanOrEqual(120);
        expect(curve.at(-1)?.x).toBe(ys.length - 1);
        expect(curve.every(({ y, low, high }) => y >= low - 1e-9 && y <= high + 1e-9)).toBe(true);
      }),
    );
  });
});

describe('smooth', () => {
  it('takes means around each value', () => {
    expect(smooth([0, 3, 6, 0, 9], 3)).toEqual([1.5, 3, 3, 5, 4.5]);
    expect(smooth([0, 3], 1)).toEqual([0, 3]);
  });

  it('has windows of an odd size', () => {
    expect([2, 7, 8, 22, 100].map(smoothingWindow)).toEqual([1, 1, 3, 5, 21]);
  });
});

describe('numbers', () => {
  it('have three significant digits', () => {
    const values = [0.123456, -2, 123456, 347.6, 5e-5, -1.25e-6, 1e9, 0, Number.NaN, null, undefined];
    expect(values.map(number)).toEqual([
      '0.123',
      '−2',
      '123,456',
      '348',
      '5e−5',
      '−1.25e−6',
      '1e9',
      '0',
      '–',
      '–',
      '–',
    ]);
    expect([0.756, 0.004, Number.NaN].map(percent)).toEqual(['76\u00a0%', '0\u00a0%', '–']);
  });

  it('have the decimals of their standard error', () => {
    const words = (mean: number, standardError: number | null) => plusMinus({ mean, standardError });
    expect(words(0.20312, 0.0291)).toBe('0.203\u00a0±\u00a00.029');
    expect(words(8.5312, 0.312)).toBe('8.53\u00a0±\u00a00.31');
    expect(words(-116.71, 14.2)).toBe('−117\u00a0±\u00a014');
    expect([words(0, 0), words(0.51234, null), words(0.51234, Number.NaN)]).toEqual(['0', '0.512', '0.512']);
    expect(meanOnly({ mean: 0.20312, standardError: 0.0291 })).toBe('0.203');
  });

  it('share their decimals on an axis', () => {
    expect(tickLabels([0, 0.5, 1])).toEqual(['0.0', '0.5', '1.0']);
    expect(tickLabels([-20, 0, 20])).toEqual(['−20', '0', '20']);
    expect(tickLabels([0, 2e-5, 4e-5])).toEqual(['0', '2e−5', '4e−5']);
    expect(tickLabels([1000, 1500])).toEqual(['1,000', '1,500']);
  });
});

describe('html', () => {
  it('escapes values, but for HTML', () => {
    const list = ['<', html`<b>${'&'}</b>`];
    expect(html`<p title="${`"'`}">${list}${undefined}${false}${0}</p>`.text).toBe(
      '<p title="&quot;&#39;">&lt;<b>&amp;</b>0</p>',
    );
  });

  it('leaves no way out of a text or an attribute', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(127), fc.nat(0xffff))), (units) => {
        const text = String.fromCharCode(...units);
        expect(escapeText(text)).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)|(?![\t\n\r])\p{Cc}/u);
      }),
    );
  });
});
