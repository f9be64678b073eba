import { preferenceDataset, validateDataset } from '@dpo/data';
import { describe, expect, it } from 'vitest';
import { renderDataReport } from './data-report.js';

const pairs = preferenceDataset([
  { prompt: 'What is 2 < 3?', chosen: 'It is <b>true</b>.', rejected: 'no', chosenScore: 3, rejectedScore: 1 },
  { prompt: 'Same', chosen: 'x', rejected: 'x', chosenScore: 1, rejectedScore: 2 },
  { prompt: 'Long', chosen: 'y'.repeat(2000), rejected: '<script>alert(1)</script>' },
]);
const page = (rows = pairs, more: object = {}) =>
  renderDataReport({ title: 'pairs.jsonl', validation: validateDataset(rows, more), pair: (row) => rows.at(row) });

describe('the page about a dataset', () => {
  it('says what is wrong, where, and shows the rows', () => {
    const text = page(pairs, { test: [{ prompt: 'Same', chosen: 'a', rejected: 'b' }] });
    expect(text).toContain('Not fit for training as it is.');
    expect(text).toContain('error <code>identical-answers</code>, 1 row: 1');
    expect(text).toContain('<code>negative-margin</code>');
    expect(text).toContain('<summary>Row 1</summary>');
    expect(text).toContain('of its 1');
    expect(text).toMatch(/<th scope="row">Chosen answer<\/th><td>1<\/td>/);
    expect(text).not.toMatch(/NaN|undefined|\[object/);
  });

  it('says when nothing is', () => {
    const good = preferenceDataset([{ prompt: 'a', chosen: 'x', rejected: 'y' }]);
    expect(page(good)).toContain('Nothing is wrong.');
    expect(page(good)).not.toContain('What was found');
  });

  it('shows texts as texts, cut short, and rows that were left out', () => {
    const text = renderDataReport({
      title: '<i>',
      validation: validateDataset(pairs, { test: pairs }),
      pair: (row) => pairs.at(row),
      skipped: Array.from({ length: 60 }, (_, i) => `line ${i}: <b>`),
    });
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).not.toMatch(/<script|<b>true|<i>/);
    expect(text).toContain(`${'y'.repeat(600)} …`);
    expect(text).not.toContain('y'.repeat(601));
    expect(text).toContain('line 49: &lt;b&gt;');
    expect(text).toContain('… and 10 more');
    expect(text).toContain("default-src 'none'");
  });
});
