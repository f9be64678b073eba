import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeEvaluation } from '../evaluation-file.js';
import { sampleEvaluation, sampleRecords } from '../test/sample-report.js';
import { escapeText, number } from './html.js';
import { renderReport } from './render.js';
import { scale } from './scale.js';
import { writeReport } from './write-report.js';

const full = {
  title: 'Run one',
  records: sampleRecords(),
  evaluation: sampleEvaluation(),
  config: { options: { beta: 0.1 }, seed: 7 },
};

describe('renderReport', () => {
  it('says what improved, and shows every section', () => {
    const page = renderReport(full);
    expect(page).toContain('It improved.');
    for (const part of ['Reward against KL', 'Samples', 'Words to watch', 'Training', 'Configuration', 'options.beta'])
      expect(page).toContain(part);
  });

  it('asks nothing of the network and runs no script', () => {
    const page = renderReport(full);
    expect(page).not.toMatch(/<script|https?:|url\(|@import|<link|<img/);
  });

  it('escapes what models and users write', () => {
    const hostile = '</td><script>alert("1")</script>&';
    const evaluation = sampleEvaluation();
    const [row] = evaluation.samples;
    if (row === undefined) throw new Error('unreachable');
    const page = renderReport({
      title: hostile,
      records: full.records,
      config: { [hostile]: hostile },
      evaluation: {
        ...evaluation,
        samples: [{ before: { ...row.before, text: hostile, prompt: hostile }, after: row.after }],
        words: { texts: { before: 1, after: 1 }, counts: [{ word: hostile, before: 1, after: 1 }] },
      },
    });
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;');
  });

  it('leaves out what there is no data for', () => {
    const page = renderReport({ title: 'Bare', records: [] });
    expect(page).not.toContain('<h2>');
    expect(page).toContain('<h1>Bare</h1>');
  });

  it('draws no broken coordinates, whatever the metrics are', () => {
    const value = fc.oneof(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.constant(null), fc.constant(0));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { maxLength: 6 }), (rows) => {
        const records = rows.map(([loss, margin], i) => ({ step: i + 1, loss, 'rewards/margins': margin }));
        expect(renderReport({ title: 't', records })).not.toMatch(/NaN|Infinity|undefined/);
      }),
    );
  });
});

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

it('writes numbers and texts for a page', () => {
  expect([number(0.123456), number(-2), number(123456), number(1e-6), number(Number.NaN)]).toEqual([
    '0.123',
    '−2',
    '123,456',
    '1.0e−6',
    '–',
  ]);
  expect(escapeText(`<a href='x'>"&`)).toBe('&lt;a href=&#39;x&#39;&gt;&quot;&amp;');
});

describe('writeReport', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dpo-eval-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads a run folder, a last line half written included', async () => {
    const run = join(folder, 'my-run');
    await mkdir(run);
    await writeFile(join(run, 'config.json'), '{"seed": 3}');
    await writeFile(
      join(run, 'metrics.jsonl'),
      `${sampleRecords()
        .map((record) => JSON.stringify(record))
        .join('\n')}\n{"step": 9`,
    );
    await writeEvaluation(run, sampleEvaluation());
    const page = await readFile(await writeReport(run), 'utf8');
    expect(page).toContain('Run my-run');
    expect(page).toContain('It improved.');
    expect((await readdir(run)).sort()).toEqual(['config.json', 'evaluation.json', 'metrics.jsonl', 'report.html']);
  });

  it('refuses a folder that holds no run, and broken files', async () => {
    await expect(writeReport(folder)).rejects.toMatchObject({ code: 'eval.no-run' });
    await writeFile(join(folder, 'metrics.jsonl'), '{\n{"step": 1}\n');
    await expect(writeReport(folder)).rejects.toMatchObject({ code: 'eval.bad-file', values: { line: 1 } });
  });
});
