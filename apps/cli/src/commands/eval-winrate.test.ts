import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerRewards } from '@dpo/core';
import { testEngine } from '@dpo/engine/test';
import { loadRewardModel, saveModel } from '@dpo/models';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { labellingModelFolder, pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let scratch: string;
let model: string;
let judge: string;
let pairs: string;
let folder: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-winrate-'));
  model = await tinyModelFolder(join(scratch, 'model'), 1, 512);
  judge = await labellingModelFolder(join(scratch, 'judge'), 1, 512);
  pairs = await pairsFile(scratch, 6); // five prompts
}, 60_000);
afterAll(() => rm(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'test-'));
});

const at = (name: string) => join(folder, name);
const jsonl = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const lines = async (name: string) =>
  (await readFile(at(name), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Two files of answers to three prompts, in different orders. */
async function answerFiles(): Promise<string[]> {
  const prompts = ['a', 'b', 'c'];
  await writeFile(at('ours.jsonl'), jsonl(prompts.map((prompt) => ({ prompt, answer: `our ${prompt}` }))));
  await writeFile(at('theirs.jsonl'), jsonl(prompts.toReversed().map((prompt) => ({ prompt, output: `${prompt}!` }))));
  return ['--answers', at('ours.jsonl'), '--against', at('theirs.jsonl')];
}

const winrate = (...args: string[]) => runCli(['eval', 'winrate', '--engine', 'cpu', ...args]);
const rubric = '{prompt}{first}{second}'; // short, since the portable engine is slow
const judging = () => ['--judge', judge, '--rubric', rubric, '--output', at('run')];

describe('dpo eval winrate', () => {
  it('judges two files of answers by the log-probabilities of a model, and goes on where it ended', async () => {
    const args = [...(await answerFiles()), ...judging(), '--json'];
    const first = await winrate(...args);
    expect([first.code, first.notes.filter((note) => note.startsWith('Error'))]).toEqual([0, []]);
    expect(first.notes.join('\n')).toContain('3 prompts can hardly show any difference');
    const verdicts = await lines('run/verdicts.jsonl');
    expect(verdicts).toHaveLength(7); // three pairs in both orders, and one question again
    expect(verdicts[0]).toMatchObject({
      first: 'model',
      repetition: 0,
      rung: 'logprobs',
      judge_asked: judge,
      p_first: expect.any(Number),
      label_mass: expect.any(Number),
      model_length: 5,
      baseline_length: 2,
    });
    const winRate = JSON.parse(first.out.join('\n'));
    expect(winRate).toMatchObject({ prompts: 3, unparsable: 0 });
    // The same figures from the file alone.
    const again = await runCli(['eval', 'rescore', at('run/verdicts.jsonl'), '--json']);
    const { temperatures, ...rest } = winRate;
    expect(JSON.parse(again.out.join('\n'))).toEqual(rest);
    expect(temperatures).toHaveLength(1);

    await writeFile(at('run/verdicts.jsonl'), jsonl(verdicts.slice(0, 3)));
    expect((await winrate(...args)).out).toEqual(first.out);
    expect((await lines('run/verdicts.jsonl')).map(({ milliseconds: _, ...line }) => line)).toEqual(
      verdicts.map(({ milliseconds: _, ...line }) => line),
    );
  }, 60_000);

  it('takes no verdict from a model that hardly ever writes a label', async () => {
    const args = [...(await answerFiles()), '--judge', model, '--rubric', rubric, '--output', at('run'), '--json'];
    const { code, out } = await winrate(...args);
    expect(code).toBe(0);
    for (const verdict of await lines('run/verdicts.jsonl')) {
      expect(verdict).toMatchObject({
        verdict: 'unparsable',
        reason: 'The labels are unlikely beginnings of the reply.',
      });
      expect(verdict).not.toHaveProperty('p_first');
      expect(verdict.label_mass).toBeLessThan(0.01); // two bytes of 257, one after the other
    }
    expect(JSON.parse(out.join('\n'))).toMatchObject({ prompts: 3, win_rate: null, unparsable: 7 });
  }, 60_000);

  it('asks a model at several temperatures, against the chosen answers, and its files can be judged again', async () => {
    const args = ['--model', model, '--data', pairs, '--temperatures', '0,1', '--max-new-tokens', '4', '--seed', '3'];
    const first = await winrate(...args, ...judging());
    expect(first.notes.filter((note) => note.startsWith('Error'))).toEqual([]);
    expect(first.out.filter((line) => line.startsWith('Temperature'))).toHaveLength(2);
    const answers = await lines('run/answers.jsonl');
    expect(answers.map(({ temperature }) => temperature)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect((await lines('run/against.jsonl')).map(({ text }) => text)).toEqual([
      ...[' yes 0', ' yes 1', ' yes 2', ' yes 3', ' yes 4'],
    ]);
    const again = await winrate(
      ...['--answers', at('run'), '--against', at('run/against.jsonl'), '--seed', '3'],
      ...['--judge', judge, '--rubric', rubric, '--output', at('again')],
    );
    expect(again.out).toEqual(first.out);
  }, 60_000);

  it('compares two models, each temperature with the same temperature of the other model', async () => {
    const { code } = await winrate(
      ...['--model', model, '--baseline', model, '--data', pairs, '--temperatures', '0', '--max-new-tokens', '4'],
      ...['--limit', '3', ...judging()],
    );
    expect(code).toBe(0);
    expect(await lines('run/answers.jsonl')).toEqual(await lines('run/against.jsonl'));
    expect(await lines('run/answers.jsonl')).toHaveLength(3);
  }, 60_000);
});

it('judges by a reward model: the answer with the higher reward, whatever the order', async () => {
  const engine = testEngine();
  const { model: scorer, tokenizer, source } = await loadRewardModel(engine, model, { seed: 5, padToken: 'a' });
  await saveModel(scorer, at('reward'), { source });
  const rewardOf = async (prompt: string, answer: string) => {
    const tokens = Int32Array.from([...tokenizer.encode(answer), ...tokenizer.endTokenIds.slice(0, 1)]);
    const groups = [{ prompt: Int32Array.from(tokenizer.encode(prompt)), answers: [tokens] }];
    return (await answerRewards(scorer, groups))[0]?.[0] as number;
  };
  const better = [];
  for (const prompt of ['a', 'b', 'c'])
    better.push((await rewardOf(prompt, `our ${prompt}`)) > (await rewardOf(prompt, `${prompt}!`)));
  await engine.dispose();

  const { code, notes } = await winrate(
    ...(await answerFiles()),
    ...['--judge', at('reward'), '--output', at('run'), '--repetition', '0'],
  );
  expect([code, notes.filter((note) => note.startsWith('Error'))]).toEqual([0, []]);
  const verdicts = await lines('run/verdicts.jsonl');
  expect(verdicts.map(({ first, verdict }) => (verdict === 'first') === (first === 'model'))).toEqual(
    better.flatMap((won) => [won, won]),
  );
}, 60_000);

it('a question that is longer than the judge reads is an error that names the prompt', async () => {
  const small = await labellingModelFolder(at('small'), 1, 20);
  const { code, notes } = await winrate(
    ...(await answerFiles()),
    '--judge',
    small,
    '--rubric',
    rubric,
    '--output',
    at('run'),
  );
  const errors = notes.filter((note) => note.startsWith('Error'));
  expect([code, errors]).toEqual([
    1,
    [
      expect.stringMatching(
        /The question about the answers to "[abc]" takes \d+ tokens, more than the 20 that the judge/,
      ),
    ],
  ]);
  expect(await readFile(at('run/verdicts.jsonl'), 'utf8').catch(() => '')).toBe('');
}, 60_000);

describe('refusals, before anything is opened', () => {
  it.each([
    [[], 'needs either --answers FILE or --model MODEL'],
    [['--model', 'm', '--answers', 'a'], 'needs either --answers FILE or --model MODEL'],
    [['--answers', 'a'], "the baseline's side needs"],
    [['--answers', 'a', '--against', 'b', '--baseline', 'c'], 'either --against or --baseline'],
    [['--model', 'm', '--against', 'b'], 'name them by --data or --prompts'],
    [['--answers', 'a', '--against', 'b', '--prompts', 'p'], '--prompts is for a model that answers'],
    [['--model', 'm', '--data', 'd', '--prompts', 'p'], 'do not go together'],
  ])('%j', async (args, says) => {
    const { code, notes } = await winrate(...args, ...judging());
    expect([code, notes.join('\n')]).toEqual([2, expect.stringContaining(says)]);
  });

  it('a judge without a rubric, and a rubric that is empty', async () => {
    const args = [...(await answerFiles()), '--judge', model, '--output', at('run')];
    expect((await winrate(...args)).notes.join('\n')).toContain('needs --rubric');
    await writeFile(at('rubric.txt'), '\n');
    expect((await winrate(...args, '--rubric', at('rubric.txt'))).notes.join('\n')).toContain('The rubric is empty');
  });

  it('files whose prompts do not match, an empty one, and a folder without answers', async () => {
    const files = await answerFiles();
    await writeFile(at('other.jsonl'), jsonl([{ prompt: 'z', text: 'Z' }]));
    await writeFile(at('empty.jsonl'), '\n');
    await mkdir(at('folder'));
    const notesOf = async (...args: string[]) => (await winrate(...args, ...judging())).notes.join('\n');
    expect(await notesOf('--answers', at('ours.jsonl'), '--against', at('other.jsonl'))).toContain(
      "no answer to 3 of the model's 3 prompts",
    );
    expect(await notesOf('--answers', at('empty.jsonl'), '--against', at('theirs.jsonl'))).toContain('has no answers');
    expect(await notesOf('--answers', at('folder'), '--against', at('theirs.jsonl'))).toContain(
      'is a folder without answers.jsonl',
    );
    expect(await notesOf('--model', model, '--baseline', model, '--prompts', at('empty.jsonl'))).toContain(
      'no prompts',
    );
    expect(files).toHaveLength(4);
  });

  it('a folder with a win rate of other options', async () => {
    const files = await answerFiles();
    expect((await winrate(...files, ...judging())).code).toBe(0);
    const before = await readFile(at('run/verdicts.jsonl'), 'utf8');
    const { code, notes } = await winrate(...files, ...judging(), '--ties');
    expect([code, notes.join('\n')]).toEqual([
      1,
      expect.stringContaining('a win rate with --ties false, which is now true'),
    ]);
    expect(await readFile(at('run/verdicts.jsonl'), 'utf8')).toBe(before);
  }, 60_000);
});
