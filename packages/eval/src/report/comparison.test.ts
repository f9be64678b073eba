import { describe, expect, it } from 'vitest';
import { sampleEvaluation, sampleRecords } from '../test/index.js';
import { verdictOn } from '../winrate/_verdicts-for-tests.js';
import type { ReportData } from './data.js';
import { figuresCsv, pairsCsv } from './figures.js';
import { renderComparison } from './render-comparison.js';
import { winRateEvidence } from './win-rate-evidence.js';

const words = (html: string) =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replace(/[\s\u00a0]+/g, ' ');

/** A run that wins on the first `wins` of 60 prompts. */
function runOf(title: string, wins: number, more: Partial<ReportData> = {}, prefix = 'p'): ReportData {
  const verdicts = Array.from({ length: 60 }, (_, i) =>
    verdictOn(`${prefix}${i}`, 'model', i < wins ? 'first' : 'second', { judge_asked: 'strict' }),
  );
  return { title, records: [], winRate: winRateEvidence(verdicts, { resamples: 100 }), ...more };
}

describe('a comparison', () => {
  it('says which run is better, prompt by prompt, and whether that is enough', () => {
    // B wins on 20 more prompts, and loses on no other.
    const clear = words(renderComparison([runOf('A', 20), runOf('B', 40)]));
    expect(clear).toMatch(
      /B wins 33\.3 points more than A on 60 shared prompts \(95 % interval of the difference [\d.]+ to [\d.]+ points; sign test p < 0\.0001\): B is better\./,
    );
    expect(words(renderComparison([runOf('A', 30), runOf('B', 29)]))).toContain('too few to say which is better.');
    expect(words(renderComparison([runOf('A', 40), runOf('B', 20)]))).toMatch(
      /B wins 33\.3 points less .*: A is better\./,
    );
  });

  it('does not compare runs on other prompts, and minds other judges and baselines', () => {
    const text = words(renderComparison([runOf('A', 20), runOf('B', 40, {}, 'q')]));
    expect(text).toContain('B has the highest win rate, 66.7 %. The runs share no judged prompt');
    const against = (file: string) => ({ config: { options: { against: file } } });
    const other = words(renderComparison([runOf('A', 20, against('x.jsonl')), runOf('B', 40, against('y.jsonl'))]));
    expect(other).toContain('compared with different baselines');
    expect(other).toContain('against x.jsonl y.jsonl');
  });

  it('adjusts p-values for all runs beside the first', () => {
    const text = words(renderComparison([runOf('A', 20), runOf('B', 26), runOf('C', 26)]));
    // 6 : 0 each, p = 2/64; twice that for the two.
    expect(text.match(/p = 0\.063/g)).toHaveLength(2);
  });

  it('has the figures, curves and settings of runs that were trained and measured', () => {
    const run = (title: string, beta: number): ReportData => ({
      title,
      records: sampleRecords(beta === 0.1 ? 22 : 30),
      evaluation: sampleEvaluation(),
      warnings: [],
      config: { command: 'train', options: { beta, seed: 1, output: title } },
    });
    const html = renderComparison([run('low', 0.1), run('<high>', 0.5)]);
    const text = words(html);
    expect(text).toMatch(/has the highest mean reward of 2, 0\.832 ± 0\.026, at a KL of 8\.14 ± 0\.13 nats/);
    for (const part of ['Reward–KL plane', 'Held-out accuracy', 'beta 0.1 0.5', 'nothing found'])
      expect(text).toContain(part);
    expect(text).not.toMatch(/seed 1 1|output|NaN|undefined/);
    expect(html).not.toContain('<high>');
    expect(
      words(
        renderComparison([
          { title: 'a', records: [] },
          { title: 'b', records: [] },
        ]),
      ),
    ).toContain('Nothing was measured');
  });
});

describe('tables beside the page', () => {
  it('have each figure by its name, and each pair', () => {
    const run = runOf('A, "b"', 45);
    const lines = figuresCsv([run]).split('\n');
    expect(lines[0]).toBe('run,figure,temperature,value,standard_error,low,high,n');
    expect(lines[1]).toMatch(/^"A, ""b""",win_rate,,0\.75,0\.0563\d*,0\.62\d*,0\.84\d*,60$/);
    const pairs = (pairsCsv(run) ?? '').split('\n');
    expect(pairs[1]).toBe('p0,,,1,model,0,0,model first: first,,,,');
    expect(pairs).toHaveLength(62);
    expect(pairsCsv({ title: 't', records: [] })).toBeUndefined();
  });

  it('hold no cell that a spreadsheet would take for a formula', () => {
    const winRate = winRateEvidence([verdictOn('=cmd()', 'model', 'first')], { resamples: 100 });
    expect(pairsCsv({ title: 't', records: [], winRate })).toContain("\n'=cmd(),");
  });
});
