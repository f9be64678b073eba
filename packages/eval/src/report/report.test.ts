import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleEvaluation, sampleRecords } from '../test/sample-report.js';
import { textStatistics } from '../texts/text-statistics.js';
import { renderReport } from './render.js';

const evaluation = sampleEvaluation();

/** The text around a number that could not be written, if there is one. */
function broken(page: string): string | undefined {
  return /.{0,60}(?:NaN|Infinity|undefined|\[object).{0,20}/.exec(page)?.[0];
}
const full = {
  title: 'Run one',
  records: sampleRecords(),
  evaluation,
  config: { command: 'train', options: { beta: 0.1, maxGradNorm: 10 }, seed: 7, dataset: { fingerprint: 'abc' } },
};

describe('renderReport', () => {
  it('says what improved, and shows every section', () => {
    const page = renderReport(full);
    expect(page).toContain('It worked: the mean reward on 32 held-out prompts rose from 0.194 to 0.832.');
    expect(page).toContain('“love” is now in');
    const parts = ['Reward and KL', 'Samples', 'Words to watch', 'Training', 'Configuration', 'How to read this'];
    for (const part of parts) expect(page).toContain(`<h2>${part}</h2>`);
    for (const part of ['max grad norm', 'abc', 'N = 8', '<mark>love</mark>', 'seed 7']) expect(page).toContain(part);
    const charts = ['Loss', 'Reward margin', 'Accuracy', 'Rewards of the answers', 'Gradient norm', 'Learning rate'];
    for (const title of [...charts, 'Reward–KL plane', 'Rewards of the texts', 'Pairs per second'])
      expect(page).toContain(`<figcaption>${title}`);
  });

  it('quotes the exact KL, with the sampled one as a check, and the form of the texts', () => {
    const texts = textStatistics([{ index: 0, tokens: [...'abcabcabc'], ended: false }], 9);
    const after = { ...evaluation.after, exactKl: { ...evaluation.after.kl, mean: 7.5 }, texts };
    const page = renderReport({
      ...full,
      evaluation: { ...evaluation, before: { ...evaluation.before, texts }, after },
    });
    expect(page).toContain('at a KL of 7.50\u00a0±\u00a00.13 nats');
    expect(page).toContain('<th scope="row">KL, by the tokens drawn</th>');
    // abca bcab cabc abca bcab cabc: 3 different of 6.
    expect(page).toContain('<th scope="row">Repeated 4-grams</th><td>0.500</td><td>0.500</td>');
    expect(broken(page)).toBeUndefined();
  });

  it.each([
    [0.01, 0.02, 'No clear change'],
    [-0.3, 0.02, 'It got worse'],
    [0.3, Number.NaN, 'No clear change'],
  ])('does not promise more than a gain of %f ± %f', (mean, standardError, words) => {
    const gain = { mean, standardError, count: 32 };
    expect(renderReport({ ...full, evaluation: { ...evaluation, gain } })).toContain(`<p class="headline">${words}`);
  });

  it('speaks of the training alone when nothing else was measured', () => {
    const page = renderReport({ title: 't', records: sampleRecords() });
    expect(page).toContain('Trained 22 steps.');
    expect(page).toContain('On held-out pairs the trained model prefers the chosen answer in');
    const withoutEvaluations = sampleRecords(3).map(({ step, loss }) => ({ step, loss }));
    expect(renderReport({ title: 't', records: withoutEvaluations })).toContain(
      'Nothing was measured on held-out data',
    );
    const diverged = [...withoutEvaluations, { step: 4, loss: null }];
    expect(renderReport({ title: 't', records: diverged })).toContain('from step 4 on the loss is not a number');
  });

  it('draws the KL to the reference when evaluations have measured it', () => {
    const [first, second, ...rest] = sampleRecords();
    const records = [{ ...first, eval_kl: 0.5 }, { ...second, eval_kl: 2.25 }, ...rest] as typeof rest;
    expect(renderReport({ title: 't', records })).toContain('<figcaption>KL to the reference, nats');
    expect(renderReport({ title: 't', records })).toContain('2.25');
    expect(renderReport({ title: 't', records: sampleRecords() })).not.toContain('KL to the reference, nats');
  });

  it('asks nothing of the network and runs no script', () => {
    const page = renderReport(full);
    expect(page).not.toMatch(/<script|https?:|url\((?!#)|@import|<link|<img| on\w+=/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('has every drawing in words and as a table as well', () => {
    const page = renderReport(full);
    const drawings = page.match(/<svg .*?<\/svg>\s*<details class="data">.*?<\/details>/gs) ?? [];
    expect(drawings).toHaveLength(10);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const drawing of drawings) {
      const [, title, text] = /aria-labelledby="(\S+) (\S+)"/.exec(drawing) ?? [];
      expect(drawing).toContain(`<title id="${title}">`);
      expect(drawing).toContain(`<desc id="${text}">`);
      expect(drawing.match(/<tbody><tr>/)).not.toBeNull();
    }
  });

  it('closes every tag that it opens', () => {
    const openTags: string[] = [];
    for (const [, end, name, empty] of renderReport(full).matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/gi)) {
      if (empty || name === 'meta') continue;
      if (end) expect(openTags.pop()).toBe(name);
      else openTags.push(name as string);
    }
    expect(openTags).toEqual([]);
  });

  it('escapes what models and users write', () => {
    const hostile = `</title></style></td>"'><script>alert("1")</script><img src=x onerror=alert(1)>&\u0000`;
    const safe =
      '&lt;/title&gt;&lt;/style&gt;&lt;/td&gt;&quot;&#39;&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;' +
      '&lt;img src=x onerror=alert(1)&gt;&amp;\ufffd';
    const sample = { text: hostile, prompt: hostile, reward: 0 };
    const page = renderReport({
      title: hostile,
      records: [...full.records, { step: 99, loss: hostile, [hostile]: 1 }],
      config: { [hostile]: hostile, model: { name: hostile }, list: [hostile] },
      evaluation: {
        ...evaluation,
        reward: hostile,
        others: [{ name: hostile, reward: evaluation.gain, kl: evaluation.gain }],
        samples: [{ before: sample, after: sample }],
        words: { texts: { before: 1, after: 1 }, counts: [{ word: hostile, before: 0, after: 1 }] },
      },
    });
    expect(page).not.toMatch(/<script|<img/);
    expect(page).not.toContain('\u0000');
    expect(page.split(safe).length).toBeGreaterThan(12);
  });

  it('leaves out the parts without data', () => {
    const page = renderReport({ title: 'Bare', records: [] });
    expect(page).not.toMatch(/<h2>|class="verdict|<dl/);
    expect(page).toContain('<h1>Bare</h1>');
  });

  it('draws no broken coordinates, whatever the metrics are', () => {
    const value = fc.oneof(
      fc.double({ min: -1e300, max: 1e300, noNaN: true }),
      fc.constantFrom(null, 0, Number.NaN, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 6 }), (rows) => {
        const records = rows.map(([loss, margin], i) => ({ step: i + 1, loss, 'rewards/margins': margin }));
        expect(broken(renderReport({ title: 't', records }))).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('draws no broken coordinates, whatever was measured', () => {
    const double = fc.oneof(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.constantFrom(0, 1));
    const error = fc.oneof(fc.double({ min: 0, max: 1e3, noNaN: true }), fc.constant(Number.NaN));
    const estimate = fc.record({
      mean: double,
      standardError: error,
      count: fc.nat(),
      clusters: fc.nat(),
      independentError: error,
    });
    const point = fc.record({ reward: estimate, kl: estimate });
    const rewards = fc.array(double, { maxLength: 5 });
    fc.assert(
      fc.property(point, point, estimate, rewards, rewards, (before, after, gain, old, now) => {
        const odd = { ...sampleEvaluation(2, 2), before, after, gain, rewards: { before: old, after: now } };
        expect(broken(renderReport({ title: 't', records: [], evaluation: odd }))).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('stays small for a long run', () => {
    expect(renderReport({ title: 't', records: sampleRecords(20000) }).length).toBeLessThan(500_000);
  });
});
