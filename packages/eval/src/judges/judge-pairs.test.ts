import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptedJudge } from '../test/scripted-judge.js';
import { readVerdicts } from '../verdicts/read-verdicts.js';
import { winRateReport } from '../winrate/win-rate-report.js';
import type { Comparison, Judge, JudgedPair } from './judge.js';
import { judgePairs } from './judge-pairs.js';
import { questionsOf } from './questions.js';
import { scoreJudge } from './score-judge.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-judging-'));
  file = join(folder, 'verdicts.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pairs: JudgedPair[] = Array.from({ length: 20 }, (_, i) => ({
  promptId: `p${i}`,
  prompt: `Prompt ${i}`,
  model: 'é'.repeat(i + 1),
  baseline: 'x'.repeat(10),
}));
const longer = scriptedJudge((answer) => answer.length);
const lines = async () => (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');

/** A judge whose questions are written down. `before` is called at each of them. */
function listening(judge: Judge, before: (count: number) => void = () => undefined) {
  const questions: Comparison[] = [];
  const ask: Judge['ask'] = (comparison, options) => {
    questions.push(comparison);
    before(questions.length);
    return judge.ask(comparison, options);
  };
  return { judge: { ...judge, ask }, questions };
}

describe('questions', () => {
  it('are each pair in both orders, and a twentieth of them again', () => {
    const questions = questionsOf(pairs);
    expect(questions).toHaveLength(42);
    expect(new Set(questions.slice(0, 40).map(({ pair, first }) => `${pair.promptId} ${first}`)).size).toBe(40);
    expect(questions.slice(40).map(({ repetition }) => repetition)).toEqual([1, 1]);
    expect(questionsOf(pairs, { seed: 1 }).slice(40)).not.toEqual(questions.slice(40));
    expect(questionsOf(pairs, { repetitionShare: 0 })).toHaveLength(40);
  });

  it('in one order have either answer first about as often', () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ ...(pairs[0] as JudgedPair), promptId: String(i) }));
    const first = questionsOf(many, { orders: 'one', repetitionShare: 0 }).map((question) => question.first);
    expect(first).toHaveLength(200);
    expect(first.filter((side) => side === 'model').length).toBeGreaterThan(70);
    expect(first.filter((side) => side === 'baseline').length).toBeGreaterThan(70);
  });

  it('refuse two pairs by one name', () => {
    const pair = pairs[0] as JudgedPair;
    expect(() => questionsOf([pair, pair])).toThrow(expect.objectContaining({ code: 'eval.same-pair' }));
    expect(questionsOf([pair, { ...pair, sample: 1 }], { repetitionShare: 0 })).toHaveLength(4);
  });
});

describe('judging', () => {
  it('writes a line to a question, with lengths in characters', async () => {
    const { verdicts, questions, reused } = await judgePairs({ pairs, judge: longer, file });
    expect([verdicts.length, questions, reused]).toEqual([42, 42, 0]);
    const lines = await readVerdicts(file);
    expect(lines.verdicts[0]).toMatchObject({
      prompt_id: 'p0',
      first: 'model',
      repetition: 0,
      verdict: 'second',
      model_length: 1,
      baseline_length: 10,
      judge_asked: 'script',
      prompt_digest: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    // The model's answers of 11 to 20 characters win, the answer of 10 ties.
    expect(winRateReport(lines.verdicts).raw?.rate).toBeCloseTo(10.5 / 20, 12);
  });

  it('shows the judge both orders, and nothing of whose answer is whose', async () => {
    const { judge, questions } = listening(longer);
    await judgePairs({ pairs: pairs.slice(0, 1), judge, file, repetitionShare: 0 });
    const [model, baseline] = ['é', 'xxxxxxxxxx'];
    expect(questions).toEqual([
      { prompt: 'Prompt 0', first: model, second: baseline, order: 0, repetition: 0 },
      { prompt: 'Prompt 0', first: baseline, second: model, order: 1, repetition: 0 },
    ]);
  });

  it('goes on after a stop at any question, and asks nothing twice', async () => {
    for (const stopAt of [1, 2, 17, 42]) {
      await rm(file, { force: true });
      const stop = new AbortController();
      const first = listening(longer, (count) => count === stopAt && stop.abort());
      await expect(
        judgePairs({ pairs, judge: first.judge, file, concurrency: 3, signal: stop.signal }),
      ).rejects.toThrow('aborted');
      await appendFile(file, '{"prompt_id":"p'); // what a kill leaves
      const second = listening(longer);
      const { verdicts, questions, reused } = await judgePairs({ pairs, judge: second.judge, file });
      expect([questions, reused]).toEqual([42 - first.questions.length, first.questions.length]);
      expect(second.questions).toHaveLength(questions);
      expect(await lines()).toHaveLength(42);
      expect(verdicts).toHaveLength(42);
    }
  });

  it('asks a judge of many at a time for so many together, and refuses a wrong number of replies', async () => {
    const sizes: number[] = [];
    const many: Judge = {
      ...longer,
      concurrency: 16,
      askTogether: (comparisons, options) => {
        sizes.push(comparisons.length);
        return Promise.all(comparisons.map((comparison) => longer.ask(comparison, options)));
      },
    };
    const { verdicts } = await judgePairs({ pairs, judge: many, file });
    expect(sizes).toEqual([16, 16, 10]);
    const one = await judgePairs({ pairs, judge: longer, file: join(folder, 'one.jsonl') });
    const withoutTimes = (each: typeof verdicts) => each.map(({ milliseconds: _, ...verdict }) => verdict);
    expect(withoutTimes(verdicts)).toEqual(withoutTimes(one.verdicts));
    const short: Judge = { ...many, askTogether: async () => [{ verdict: 'tie' }] };
    await expect(judgePairs({ pairs, judge: short, file: join(folder, 'two.jsonl') })).rejects.toMatchObject({
      code: 'eval.wrong-count',
    });
  });

  it('asks again what failed, and neither what was refused nor what was unparsable', async () => {
    const kinds = ['failed', 'refused', 'unparsable', 'tie'] as const;
    let count = 0;
    const lossy: Judge = { name: 'script', ask: async () => ({ verdict: kinds[count++ % 4] ?? 'tie' }) };
    await judgePairs({ pairs, judge: lossy, file, repetitionShare: 0 });
    const { judge, questions } = listening(longer);
    const { verdicts } = await judgePairs({ pairs, judge, file, repetitionShare: 0 });
    expect(questions).toHaveLength(10);
    expect(verdicts.filter(({ verdict }) => verdict === 'failed')).toHaveLength(0);
    expect(verdicts.filter(({ verdict }) => verdict === 'unparsable')).toHaveLength(10);
    expect(await lines()).toHaveLength(50);
  });

  it('ends at a judge that rejects, and keeps the verdicts that were on their way', async () => {
    const { judge } = listening(longer, (count) => {
      if (count === 5) throw new Error('no money left');
    });
    await expect(judgePairs({ pairs, judge, file, concurrency: 4 })).rejects.toThrow('no money left');
    expect((await lines()).length).toBeGreaterThanOrEqual(4);
    expect((await lines()).length).toBeLessThan(9);
  });

  it.each([
    ['another judge', { judge: { ...longer, name: 'other' } }],
    ['other instructions', { judge: { ...longer, templateDigest: 'b' } }],
    ['other answers', { pairs: pairs.map((pair) => ({ ...pair, model: 'new' })) }],
    ['not asked about now', { pairs: pairs.slice(3) }],
  ])('refuses to go on with %s', async (says, change) => {
    const judge = { ...longer, templateDigest: 'a' };
    await judgePairs({ pairs, judge, file });
    const before = await lines();
    await expect(judgePairs({ pairs, judge, file, ...change })).rejects.toMatchObject({
      code: 'eval.other-judging',
      message: expect.stringContaining(says),
    });
    expect(await lines()).toEqual(before);
  });

  it('refuses no pairs, and a file with a broken line, before it asks', async () => {
    await expect(judgePairs({ pairs: [], judge: longer, file })).rejects.toMatchObject({ code: 'eval.no-pairs' });
    await writeFile(file, '{"prompt_id"\n{}\n');
    const { judge, questions } = listening(longer);
    await expect(judgePairs({ pairs, judge, file })).rejects.toMatchObject({ code: 'verdicts.bad-line' });
    expect(questions).toEqual([]);
  });
});

describe('a judge by scores', () => {
  const comparison: Comparison = { prompt: 'p', first: 'ab', second: 'a', order: 0, repetition: 0 };
  const lengths = async (_: unknown, answers: readonly string[]) => answers.map((answer) => answer.length);

  it('prefers the higher one', async () => {
    const judge = scoreJudge('lengths', lengths);
    expect(await judge.ask(comparison, {})).toEqual({ verdict: 'first' });
    expect(await judge.ask({ ...comparison, second: 'abc' }, {})).toEqual({ verdict: 'second' });
    expect(await judge.ask({ ...comparison, second: 'xy' }, {})).toEqual({ verdict: 'tie' });
  });

  it('takes scores for log-odds when the option says so', async () => {
    const judge = scoreJudge('lengths', lengths, { bradleyTerry: true });
    expect(await judge.ask(comparison, {})).toEqual({ verdict: 'first', p_first: 1 / (1 + Math.exp(-1)) });
  });

  it.each([
    [[1], 'eval.wrong-count'],
    [[1, Number.NaN], 'eval.bad-value'],
  ])('refuses the scores %s', async (scores, code) => {
    await expect(scoreJudge('bad', async () => scores).ask(comparison, {})).rejects.toMatchObject({ code });
  });
});

describe('planted biases, through a judging', () => {
  const many: JudgedPair[] = Array.from({ length: 60 }, (_, i) => ({
    promptId: `p${i}`,
    prompt: `Prompt ${i}`,
    model: `${i < 40 ? 'good' : 'poor'} ${'x'.repeat(20 + ((i * 7) % 13))}`,
    baseline: `${i < 40 ? 'poor' : 'good'} ${'x'.repeat(20 + ((i * 5) % 13))}`,
  }));
  const report = async (ask: Judge['ask']) =>
    winRateReport((await judgePairs({ pairs: many, judge: { name: 'planted', ask }, file })).verdicts, {
      resamples: 200,
    });
  const upright: Judge['ask'] = async ({ first }) => ({ verdict: first.startsWith('good') ? 'first' : 'second' });

  it('a judge that always says A is at one half, with full position bias', async () => {
    const { raw, panel } = await report(async () => ({ verdict: 'first' }));
    expect([raw?.rate, panel.firstPositionRate, panel.consistency, panel.repetitionAgreement]).toEqual([0.5, 1, 0, 1]);
  });

  it('a judge that picks the longer answer is exposed by the ruler', async () => {
    const { raw, lengthBias } = await report(longer.ask);
    expect(lengthBias).toMatchObject({ longerWins: 1, ruler: raw?.rate });
  });

  it('a judge that fails on a fifth of one side has bounds that hold the truth', async () => {
    let wins = 0;
    const { raw, bounds, panel } = await report(async (comparison, options) => {
      const fails = comparison.order === 0 && comparison.first.startsWith('good') && wins++ % 5 === 0;
      return fails ? { verdict: 'failed', reason: 'planted' } : upright(comparison, options);
    });
    expect(panel.counts.failed).toBeGreaterThan(7);
    expect(raw?.rate).toBeDefined();
    expect(bounds.worst.rate).toBeLessThan(40 / 60);
    expect(bounds.best.rate).toBeGreaterThanOrEqual(40 / 60);
  });
});
