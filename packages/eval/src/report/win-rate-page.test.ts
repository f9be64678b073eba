import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sampleJudging } from '../test/sample-verdicts.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { verdictOn } from '../winrate/_verdicts-for-tests.js';
import { renderReport } from './render.js';
import { winRateEvidence } from './win-rate-evidence.js';

const fast = { resamples: 100 };
const page = (verdicts: readonly StoredVerdict[], more: Omit<Parameters<typeof winRateEvidence>[1], 'seed'> = {}) =>
  renderReport({ title: 't', records: [], winRate: winRateEvidence(verdicts, { ...fast, ...more }) });
/** The words of a page, without tags, entities and no-break spaces. */
const words = (html: string) =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replace(/[\s\u00a0]+/g, ' ');

/** Verdicts on 40 prompts at two temperatures, in both orders. The model wins on most prompts. */
const clear = [0, 1].flatMap((temperature) =>
  Array.from({ length: 40 }, (_, i) => i).flatMap((i) => {
    const more = { temperature, model_length: 100 + i, baseline_length: 120 - i, judge_asked: 'strict' };
    const wins = i < 32 - 4 * temperature;
    return [
      verdictOn(i, 'model', wins ? 'first' : 'second', more),
      verdictOn(i, 'baseline', i === 35 ? 'unparsable' : wins ? 'second' : 'first', more),
    ];
  }),
);

describe('the page about a win rate', () => {
  const html = page(clear);
  const text = words(html);

  it('begins with the conclusion, with interval, n, judge, and whether the data are enough', () => {
    // 32 of 40 and 28 of 40: 60 / 80.
    expect(text).toMatch(
      /The model wins 75\.0 % of 80 pairs \(95 % interval [\d.]+ to [\d.]+ %\), judged by strict: the model is better\./,
    );
    expect(text).toContain(
      'That is enough to say so: 40 prompts show a win rate that is 22.1 points and more from one half.',
    );
    expect(html.indexOf('The model wins')).toBeLessThan(html.indexOf('<h2>'));
  });

  it('says that a difference below what so many prompts show is likely smaller than measured', () => {
    // 67.5 % of 40 prompts: above one half by less than the 22.1 points that 40 prompts show.
    const scarce = Array.from({ length: 40 }, (_, i) => verdictOn(i, 'model', i < 27 ? 'first' : 'second'));
    const sentence = words(page(scarce));
    expect(sentence).toContain('the model is better.');
    expect(sentence).toContain(
      'The interval excludes one half, but 40 prompts show only 22.1 points and more reliably: the true difference is likely smaller than the measured difference.',
    );
    expect(sentence).not.toContain('That is enough');
  });

  it('has each temperature with ties and lost verdicts in its bar, beside the rate at equal length', () => {
    for (const part of ['temperature 0', 'temperature 1', 'Win rate by temperature']) expect(text).toContain(part);
    // Of 80 verdicts at temperature 0: 64 for the model, 15 against it, one lost.
    for (const part of [
      '64 of 80 verdicts for the model',
      '15 of 80 verdicts for the baseline',
      '1 of 80 verdicts lost',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/win rate 80\.0 % \([\d.]+ to [\d.]+ %\) at equal length [\d.]+ %/);
    expect(text).toMatch(/The highest of 2 temperatures is 0 with 80\.0 % \(sign test adjusted for all of them: p = /);
  });

  it('has the judge’s panel and the bins by length', () => {
    expect(text).toMatch(/Consistency 100\.0 % say the same of both answers in both orders/);
    expect(text).toContain('First position 49.4 %'); // model first 60 of 80, baseline first 18 of 78
    expect(text).toContain('0 ties; 2 unparsable, 0 refused, 0 failed');
    expect(text).toContain('model’s answer 0.8 to 1.25 times as long');
    expect(text).toContain('a ruler that picks the longer one');
  });

  it('claims nothing when the interval holds one half, and says what lost verdicts could change', () => {
    const even = Array.from({ length: 30 }, (_, i) => verdictOn(i, 'model', i % 2 ? 'first' : 'second'));
    expect(words(page(even))).toContain(
      'too few to say which is better, since so many prompts show 25.6 points and more.',
    );
    expect(words(page(even))).toContain('That is not enough to say so');
    const lossy = Array.from({ length: 120 }, (_, i) =>
      verdictOn(i, 'model', i < 60 ? 'first' : i < 90 ? 'second' : 'failed'),
    );
    expect(words(page(lossy))).toContain('with other verdicts in their place the conclusion would change');
    expect(words(page(lossy))).toContain(
      '30 verdicts were lost (30 failed): whatever they would have said, the rate lies between 50.0 % and 75.0 %.',
    );
    expect(words(page([verdictOn('a', 'model', 'failed')]))).toContain('No verdict is usable: nothing can be said.');
  });

  it('writes no broken number, whatever is missing', () => {
    for (const verdicts of [clear, [verdictOn('a', 'model', 'failed')], [verdictOn('a', 'model', 'tie')]])
      expect(words(page(verdicts))).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });
});

describe('pairs side by side', () => {
  const verdicts = [
    verdictOn('a', 'model', 'first'), // flips: the first answer in both orders
    verdictOn('a', 'baseline', 'first'),
    verdictOn('b', 'model', 'unparsable', { text: 'Both <b>are</b> fine.', reason: 'no label' }),
    verdictOn('b', 'baseline', 'second'),
    verdictOn('c', 'model', 'first'),
    verdictOn('c', 'baseline', 'second'),
  ];
  const texts = ['a', 'b', 'c'].map((promptId) => ({
    promptId,
    prompt: `Question ${promptId}`,
    model: `<script>alert("${promptId}")</script>`,
    baseline: 'x'.repeat(3000),
  }));
  const votes = [verdictOn('c', 'model', 'second', { rater: 'ann' })];
  const html = page(verdicts, { texts, votes });
  const articles = html.match(/<article class="pair.*?<\/article>/gs) ?? [];

  it('sorts them into classes, with a filter for each', () => {
    expect(articles.map((each) => /class="pair ([^"]*)"/.exec(each)?.[1])).toEqual([
      'flipped even',
      'unparsable won',
      'disputed won',
    ]);
    for (const [id, label] of [
      ['all', 'all <b>3</b>'],
      ['flipped', 'flipped <b>1</b>'],
      ['unparsable', 'without a verdict <b>1</b>'],
      ['disputed', 'people ≠ judge <b>1</b>'],
    ])
      expect(html).toContain(`id="show-${id}"${id === 'all' ? ' checked' : ''}><label for="show-${id}">${label}`);
    expect(html).not.toContain('id="show-lost-pair"');
    // Each filter hides what lacks its class, without a script.
    expect(html).toContain('#show-disputed:checked~.cases>article:not(.disputed)');
  });

  it('shows texts as texts, whole, and all verdicts', () => {
    const all = articles.join('');
    expect(all).toContain('&lt;script&gt;alert(&quot;a&quot;)&lt;/script&gt;');
    expect(html).not.toMatch(/<script|<b>are/);
    expect(all).toContain('2,200 characters more');
    expect(words(all)).toContain('model first: unparsable baseline first: model');
    expect(words(all)).toContain('model first: no label');
    expect(words(all)).toContain('people: baseline better');
  });

  it('holds no more than a page can, the odd ones first', () => {
    const many = Array.from({ length: 300 }, (_, i) => verdictOn(i, 'model', i === 299 ? 'failed' : 'first'));
    const onPage = page(many).match(/<article class="pair/g) ?? [];
    expect(onPage.length).toBe(120);
    expect(page(many)).toContain('<article class="pair unparsable">');
    expect(words(page(many))).toContain('120 of 300 pairs');
  });
});

it('people beside the judge: agreement, κ, and the rate corrected by them', () => {
  const { verdicts, votes } = sampleJudging({ prompts: 40, temperatures: [0] });
  const text = words(page(verdicts, { votes: votes.map((vote) => ({ ...vote, rater: 'ann' })) }));
  expect(text).toMatch(/Cohen’s κ 0\.\d\d/);
  expect(text).toMatch(/Corrected rate \d\d\.\d % 95 % interval/);
  expect(text).toMatch(/Corrected by people's votes on 10 pairs it is \d\d\.\d %/);
});

it('does not call a win clear that people’s votes do not bear out', () => {
  const verdicts = Array.from({ length: 60 }, (_, i) => verdictOn(i, 'model', i < 50 ? 'first' : 'second'));
  const votes = Array.from({ length: 30 }, (_, i) =>
    verdictOn(i, 'model', i % 2 ? 'first' : 'second', { rater: 'ann', judge_asked: 'human' }),
  );
  expect(page(verdicts)).toContain('<div class="verdict good"><p class="headline">The model wins 83.3 %');
  expect(page(verdicts, { votes })).toContain('<div class="verdict "><p class="headline">The model wins 83.3 %');
  expect(words(page(verdicts, { votes }))).toContain('Mind that people’s votes do not bear this out.');
});

it('is rendered without a module of Node, so that a live page can do the same', () => {
  const files = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)';/gm);
    for (const [, name = ''] of imports) {
      expect(name, file).not.toMatch(/^node:|\/files$/);
      if (name.startsWith('.')) visit(join(dirname(file), name.replace(/\.js$/, '.ts')));
    }
  };
  for (const name of ['render.ts', 'render-comparison.ts', 'figures.ts'])
    visit(fileURLToPath(new URL(name, import.meta.url)));
  expect(files.size).toBeGreaterThan(30);
});
