import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPreferences } from '../files/read.js';
import type { PreferencePair } from '../rows/types.js';
import { buildHh } from './hh.js';
import { buildImdb } from './imdb.js';
import { buildShp } from './shp.js';
import { buildTldr } from './tldr.js';
import { writeBuiltPreferences } from './write-built.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-builders-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeFile(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

async function all(pairs: AsyncIterable<PreferencePair>): Promise<PreferencePair[]> {
  const list: PreferencePair[] = [];
  for await (const pair of pairs) list.push(pair);
  return list;
}

describe('buildHh', () => {
  const beginning = '\n\nHuman: Is tea hot?\n\nAssistant: It is.\n\nHuman: And ice?\n\nAssistant:';
  const good = { chosen: `${beginning} Ice is cold.`, rejected: `${beginning} No idea.` };
  const astray = {
    chosen: '\n\nHuman: One?\n\nAssistant: Yes.',
    rejected: '\n\nHuman: Two?\n\nAssistant: Yes.',
  };

  it('splits after the last assistant turn, in compressed files too, and writes the pairs', async () => {
    const pairs = buildHh([await file('a.jsonl', [good]), await file('b.jsonl.gz', [good])]);
    const pair = { prompt: beginning, chosen: ' Ice is cold.', rejected: ' No idea.', source: 'hh' };
    expect(await all(pairs)).toEqual([pair, pair]);
    const output = join(folder, 'out.arrow');
    expect(await writeBuiltPreferences(pairs, output)).toEqual({ rows: 2 });
    expect([...(await readPreferences(output))]).toEqual([pair, pair]);
  });

  it('names the line whose prompts differ, and where', async () => {
    const path = await file('a.jsonl', [good, astray]);
    await expect(all(buildHh(path))).rejects.toMatchObject({
      code: 'data.different-prompts',
      values: { path, line: 2, character: 10 },
    });
  });

  it('skips and reports rows that it cannot use, with onError', async () => {
    const rows = [
      astray,
      good,
      { chosen: 'no turns', rejected: 'none' },
      { chosen: `${beginning} `, rejected: 'x' },
      7,
    ];
    const codes: string[] = [];
    const pairs = await all(buildHh(await file('a.jsonl', rows), { onError: ({ code }) => codes.push(code) }));
    expect(pairs).toHaveLength(1);
    expect(codes).toEqual(['data.different-prompts', 'data.no-assistant-turn', 'data.empty-answer', 'data.broken-row']);
  });
});

describe('buildShp', () => {
  const row = (post: string, i: number, more: object = {}) => ({
    post_id: post,
    domain: 'askbaking_train',
    history: `Why is bread ${post}?`,
    human_ref_A: `Answer ${i}`,
    human_ref_B: `Other ${i}`,
    labels: 1,
    score_A: 8,
    score_B: 4,
    score_ratio: 2,
    ...more,
  });

  it('chooses the upvoted answer and leaves out close calls', async () => {
    const path = await file('a.jsonl', [
      row('p', 1),
      row('p', 2, { score_A: 3, score_ratio: 4, score_B: 12, labels: 0 }),
      row('p', 3, { score_A: 6, score_B: 4, score_ratio: 1.5 }),
    ]);
    const pairs = await all(buildShp(path));
    expect(pairs.map(({ chosen, chosenScore, rejectedScore }) => [chosen, chosenScore, rejectedScore])).toEqual([
      [' Answer 1', 8, 4],
      [' Other 2', 12, 3],
    ]);
    expect(pairs[0]).toMatchObject({
      prompt: '\n\nHuman: Why is bread p?\n\nAssistant:',
      id: 'p',
      source: 'askbaking_train',
    });
    expect(await all(buildShp(path, { minScoreRatio: 1.5 }))).toHaveLength(3);
  });

  it('draws at most so many pairs of a post by the seed, whatever the order of rows', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => row(i < 9 ? 'p' : 'q', i));
    const [original, reversed] = [await file('a.jsonl', rows), await file('b.jsonl', rows.toReversed())];
    const draw = async (path: string, seed: number) =>
      (await all(buildShp(path, { pairsPerPost: 5, seed }))).map(({ chosen }) => chosen).sort();
    const first = await draw(original, 1);
    expect(first).toHaveLength(5 + 3);
    expect(await draw(reversed, 1)).toEqual(first);
    expect(await draw(original, 2)).not.toEqual(first);
  });

  it('refuses labels and options that cannot be', async () => {
    const build = async (more: object) => all(buildShp(await file('a.jsonl', [row('p', 1, more)])));
    await expect(build({ labels: 2 })).rejects.toMatchObject({ code: 'data.wrong-type', values: { line: 1 } });
    await expect(build({ labels: 0 })).rejects.toMatchObject({ code: 'data.broken-row' });
    await expect(build({ score_ratio: undefined })).rejects.toMatchObject({ code: 'data.missing-column' });
    expect(() => buildShp('a', { pairsPerPost: 0 })).toThrow('positive integer');
    expect(() => buildShp('a', { minScoreRatio: 0.5 })).toThrow('1 or more');
  });
});

describe('buildTldr', () => {
  const row = (split: string, choice: number) => ({
    info: { id: 't3_x', post: 'I lost my hat.', title: 'Hat', subreddit: 'advice' },
    summaries: [
      { text: ' Hat lost.', policy: 'ref', note: null },
      { text: 'A hat is gone.', policy: 'sup4', note: null },
    ],
    choice,
    split,
  });

  it("writes the paper's prompt and keeps the policies", async () => {
    const path = await file('a.jsonl', [row('train', 0), row('valid1', 1), row('valid2', 1)]);
    expect(await all(buildTldr(path, { split: 'train' }))).toEqual([
      {
        prompt: 'SUBREDDIT: r/advice\nTITLE: Hat\nPOST: I lost my hat.\nTL;DR:',
        chosen: ' Hat lost.',
        rejected: ' A hat is gone.',
        id: 't3_x',
        source: 'ref over sup4',
      },
    ]);
    const valid = await all(buildTldr(path, { split: 'valid' }));
    expect(valid.map(({ chosen, source }) => [chosen, source])).toEqual(
      Array(2).fill([' A hat is gone.', 'sup4 over ref']),
    );
    expect(await all(buildTldr(path))).toHaveLength(3);
  });

  it('names the line of articles and of a third summary', async () => {
    const article = { ...row('train', 0), info: { article: 'News.', id: 'x' } };
    await expect(all(buildTldr(await file('a.jsonl', [row('train', 0), article])))).rejects.toMatchObject({
      code: 'data.missing-column',
      values: { line: 2, key: 'post' },
    });
    const three = { ...row('train', 0), summaries: [1, 2, 3] };
    await expect(all(buildTldr(await file('a.jsonl', [three])))).rejects.toMatchObject({ code: 'data.broken-row' });
  });
});

describe('buildImdb', () => {
  const words = {
    encode: (text: string) => text.split(' ').map((word) => Number(word.slice(1))),
    decode: (tokens: readonly number[]) => tokens.map((token) => `w${token}`).join(' '),
    sample: async (_: string, count: number) => Array.from({ length: count }, (_text, i) => ` s${i}`),
  };
  const review = (start: number) => Array.from({ length: 12 }, (_, i) => `w${start + i}`).join(' ');
  const score = async (texts: readonly string[]) => texts.map((text) => Number(text.slice(-1)));

  it('makes six pairs of four completions, the higher score chosen, of prefixes of 2 to 8 tokens', async () => {
    const reviews = Array.from({ length: 40 }, (_, i) => review(i));
    const pairs = await all(buildImdb([...reviews, 'w1'], { ...words, score }));
    expect(pairs).toHaveLength(40 * 6);
    expect(pairs.every(({ chosenScore = 0, rejectedScore = 0 }) => chosenScore > rejectedScore)).toBe(true);
    const lengths = new Set(pairs.map(({ prompt }) => String(prompt).split(' ').length));
    expect([...lengths].sort()).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(pairs.every(({ prompt }) => reviews.some((text) => text.startsWith(String(prompt))))).toBe(true);
  });

  it('leaves out ties, and refuses a sampler or scorer that returns too little', async () => {
    const tied = await all(buildImdb([review(0)], { ...words, score: async () => [1, 1, 0, 0] }));
    expect(tied).toHaveLength(4);
    await expect(all(buildImdb([review(0)], { ...words, score: async () => [1] }))).rejects.toThrow('scorer');
    await expect(all(buildImdb([review(0)], { ...words, score, sample: async () => [] }))).rejects.toThrow('sampler');
  });
});
