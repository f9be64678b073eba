import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChatServer, completion, isTrial, type ServedRequest, topLogprobs, wordsAlone } from '@dpo/eval/test';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

const key = 'sk-Wq7VxNn3TbRk';

let scratch: string;
let model: string;
let folder: string;
let server: ChatServer;
let address: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-endpoint-'));
  model = await tinyModelFolder(join(scratch, 'model'), 1, 256);
}, 60_000);
afterAll(() => rm(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'test-'));
  server = new ChatServer(wordsAlone((question) => ({ body: completion(`Verdict: ${longer(question)}`) })));
  address = await server.start();
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('OPENAI_API_KEY', key);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});

const at = (name: string) => join(folder, name);
const jsonl = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const lines = async (name: string) =>
  (await readFile(at(name), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** The texts between the fences of a question: the prompt and both answers. */
function textsOf({ text }: ServedRequest): string[] {
  const fence = /^`{3,}$/m.exec(text)?.[0] ?? '';
  return text.split(`${fence}\n`).flatMap((part, i) => (i % 2 === 1 ? [part.replace(/\n$/, '')] : []));
}

/** The label of a judge that likes long answers. */
function longer(question: ServedRequest): 'A' | 'B' {
  const [, a = '', b = ''] = textsOf(question);
  return a.length >= b.length ? 'A' : 'B';
}

/** Posts and summaries that were written for this test. */
const posts = [
  [
    'My neighbour borrows my ladder each spring and brings it back with paint on it.',
    'Neighbour returns ladder painted.',
  ],
  [
    'I promised two friends the same spare ticket, and the concert is tonight.',
    'Promised one ticket to two friends; concert tonight.',
  ],
  ['The cat sleeps on my keyboard whenever a deadline comes close.', 'Cat on keyboard near deadlines.'],
].map(([post, summary]) => ({ prompt: `POST: ${post}\nTL;DR:`, chosen: ` ${summary}`, rejected: ' No idea.' }));

async function answerFiles(): Promise<string[]> {
  await writeFile(
    at('ours.jsonl'),
    jsonl(posts.map(({ prompt, chosen }) => ({ prompt, answer: `${chosen} Indeed so.` }))),
  );
  await writeFile(at('theirs.jsonl'), jsonl(posts.map(({ prompt, chosen }) => ({ prompt, answer: chosen }))));
  return ['--answers', at('ours.jsonl'), '--against', at('theirs.jsonl')];
}

const winrate = (...args: string[]) =>
  runCli(['eval', 'winrate', '--output', at('run'), '--judge', address, '--judge-model', 'judge', ...args]);

it('tldr from end to end: a model answers posts at two temperatures, a judge compares, both orders, with figures', async () => {
  await writeFile(at('posts.jsonl'), jsonl(posts));
  const judge = (question: ServedRequest) => (isTrial(question) ? 'A' : longer(question));
  server.behave = (question) => ({
    body: completion(judge(question), {
      logprobs: topLogprobs(judge(question) === 'A' ? { A: -0.1, B: -3 } : { B: -0.1, A: -3 }),
    }),
  });
  const args = ['--preset', 'tldr', '--data', at('posts.jsonl'), '--model', model, '--engine', 'cpu', '--json'];
  const { code, out, notes } = await winrate(
    ...args,
    '--temperatures',
    '0,1',
    '--max-new-tokens',
    '3',
    '--repetition',
    '0',
  );
  expect([code, notes.filter((note) => note.startsWith('Error'))]).toEqual([0, []]);
  expect(notes.join('\n')).toContain('The judge gives its verdicts by logprobs.');
  expect(notes.join('\n')).toContain('3 prompts can hardly show any difference');
  // Three tokens of the model are shorter than each summary: it loses everywhere, with p = e^−3 / (e^−0.1 + e^−3).
  const p = Math.exp(-3) / (Math.exp(-0.1) + Math.exp(-3));
  const winRate = JSON.parse(out.join('\n'));
  expect(winRate).toMatchObject({
    prompts: 3,
    longer_wins: expect.closeTo(1 - p, 9),
    first_position_rate: 0.5,
    consistency: 1,
  });
  expect(winRate.win_rate).toBeCloseTo(p, 9);
  expect(winRate.temperatures.map(({ temperature }: { temperature: number }) => temperature)).toEqual([0, 1]);
  const verdicts = await lines('run/verdicts.jsonl');
  expect(verdicts).toHaveLength(12); // three posts, two temperatures, both orders
  expect(verdicts[0]).toMatchObject({
    rung: 'logprobs',
    judge_asked: 'judge',
    judge_reported: 'judge',
    prompt_tokens: 100,
  });
  expect(server.requests.at(-1)?.text).toContain('forum post');
  expect(await lines('run/answers.jsonl')).toHaveLength(6);
}, 60_000);

describe('money and keys', () => {
  it('a judging goes on without paying twice: verdicts stay, and replies come from the cache', async () => {
    const args = [...(await answerFiles()), '--rubric', 'summary', '--concurrency', '1'];
    const first = await winrate(...args);
    expect(first.code).toBe(0);
    const questions = server.requests.filter((question) => !isTrial(question)).length;
    expect(questions).toBe(7);
    await writeFile(at('run/verdicts.jsonl'), jsonl((await lines('run/verdicts.jsonl')).slice(0, 4)));
    const again = await winrate(...args);
    expect(again.out).toEqual(first.out);
    expect(server.requests.filter((question) => !isTrial(question))).toHaveLength(questions);
    expect((await lines('run/verdicts.jsonl')).filter(({ cached }) => cached === true)).toHaveLength(3);
  });

  it('stops before the budget is spent, and goes on with a larger one', async () => {
    await writeFile(at('prices.json'), JSON.stringify({ judge: { input: 10, output: 100 } }));
    const args = [
      ...(await answerFiles()),
      '--rubric',
      'summary',
      '--concurrency',
      '1',
      '--no-cache',
      '--prices',
      at('prices.json'),
    ];
    const { code, notes } = await winrate(...args, '--max-cost', '0.12');
    expect([code, notes.join('\n')]).toEqual([1, expect.stringContaining('no more is asked')]);
    const first = await lines('run/verdicts.jsonl');
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(7);
    expect(first[0]?.cost).toBeCloseTo((10 * 100 + 100 * 10) / 1e6, 12);
    const more = await winrate(...args, '--max-cost', '1');
    expect([more.code, more.notes.join('\n')]).toEqual([0, expect.stringMatching(/Spent: 0\.01[68]/)]);
    expect((await lines('run/verdicts.jsonl')).slice(0, first.length)).toEqual(first);
  });

  it('no key in any file, note or result, though the server repeats it', async () => {
    server.behave = wordsAlone(({ authorization }) => ({ body: completion(`You sent ${authorization}.\nVerdict: A`) }));
    const { code, out, notes } = await winrate(...(await answerFiles()), '--rubric', 'summary');
    expect(code).toBe(0);
    expect(server.requests.at(-1)?.authorization).toBe(`Bearer ${key}`);
    server.behave = ({ authorization }) => ({ status: 401, body: { error: { message: `Bad ${authorization}` } } });
    const refusal = await winrate(...(await answerFiles()), '--rubric', 'helpful', '--output', at('other'));
    expect([refusal.code, refusal.notes.join('\n')]).toEqual([
      1,
      expect.stringContaining('refuses the key in OPENAI_API_KEY'),
    ]);
    const files = (await readdir(folder, { recursive: true })).map(at);
    const texts = await Promise.all(
      files.map(async (file) => ((await stat(file)).isFile() ? readFile(file, 'utf8') : '')),
    );
    expect(texts.filter((text) => text.includes('You sent')).length).toBeGreaterThan(1); // verdicts and cache
    for (const text of [...texts, ...out, ...notes, ...refusal.notes])
      for (let i = 0; i + 6 <= key.length - 3; i++) expect(text).not.toContain(key.slice(3 + i, 9 + i));
  });

  it('explains what the cache answers, and why not the rest', async () => {
    const args = [...(await answerFiles()), '--rubric', 'summary'];
    await winrate(...args);
    const explain = async (run: string) => {
      const { code, out, notes } = await runCli(['eval', 'cache', 'explain', at(run)]);
      return code === 0 ? out : notes;
    };
    expect(await explain('run')).toEqual(['7 of 7 questions have a reply in the cache, which holds 7.']);
    await winrate(...args, '--output', at('warm'), '--judge-temperature', '0.5', '--no-cache');
    expect(await explain('warm')).toEqual([
      '0 of 7 questions have a reply in the cache, which holds 7.',
      '  7 differ from the nearest reply in temperature: temperature was 0, and is 0.5.',
    ]);
    expect((await explain('cache')).join('\n')).toContain('is no folder of dpo eval winrate');
  });

  it('names another model that answers in place of the judge', async () => {
    server.behave = wordsAlone(() => ({ body: completion('Verdict: A', { model: 'judge-0613' }) }));
    const { notes } = await winrate(...(await answerFiles()), '--rubric', 'summary');
    expect(notes.join('\n')).toContain('Asked for judge, the judge calls itself judge-0613.');
  });
});

/** Writes a file and names it as an option. */
async function file(option: string, content: string): Promise<string[]> {
  await writeFile(at('option'), content);
  return [option, at('option')];
}

async function withoutKey(): Promise<string[]> {
  vi.stubEnv('OPENAI_API_KEY', '');
  return ['--judge', 'https://judge.example/v1'];
}

async function withBrokenVerdicts(): Promise<string[]> {
  await winrate(...(await answerFiles()), '--rubric', 'summary');
  await writeFile(at('run/verdicts.jsonl'), '{"pro\n{}\n');
  return [];
}

describe('what is wrong is one clear error, and nothing is paid', () => {
  const words =
    (...args: string[]) =>
    async () =>
      args;
  it.each<[string, () => Promise<string[]>, number, string]>([
    ['no key', withoutKey, 1, 'OPENAI_API_KEY is not set'],
    ['a key in the address', words('--judge', `https://me:${key}@judge.example/v1`), 1, 'holds a login or a query'],
    ['a key as the name of a variable', words('--judge-key-env', key), 2, 'never the key itself'],
    ['no address', words('--judge', 'ftp://judge.example'), 1, 'should be http or https'],
    ['a budget of 0', words('--max-cost', '0'), 2, 'pays for no question'],
    ['a budget without prices', words('--max-cost', '1'), 2, 'needs --prices'],
    ['prices without the model', () => file('--prices', '{"m": {}}'), 1, 'no price of judge'],
    ['prices that are none', () => file('--prices', '{"judge": {"input": 1}}'), 1, 'judge.output should be a number'],
    [
      'other prompts',
      () => file('--answers', '{"prompt":"z","answer":"Z"}'),
      1,
      "no answer to 1 of the model's 1 prompts",
    ],
    ['an empty file', () => file('--answers', ''), 1, 'has no answers'],
    ['a verdict file with a broken line', withBrokenVerdicts, 1, 'line 1'],
  ])('%s', async (_, args, code, says) => {
    const files = await answerFiles();
    const more = await args();
    server.requests.length = 0;
    const result = await winrate(...files, '--rubric', 'summary', ...more);
    const errors = result.notes.filter((note) => note.startsWith('Error'));
    expect([result.code, errors], result.notes.join('\n')).toEqual([code, [expect.stringContaining(says)]]);
    expect(result.notes.join('\n')).not.toContain(key);
    expect(server.requests.filter((question) => !isTrial(question))).toEqual([]);
  });

  it('an address that is no judge', async () => {
    server.behave = () => ({ status: 404, body: '<html><title>nginx</title></html>' });
    const { code, notes } = await winrate(...(await answerFiles()), '--rubric', 'summary');
    expect([code, notes.join('\n')]).toEqual([
      1,
      expect.stringContaining('is no judge: it answered with an HTML page ("nginx")'),
    ]);
    // The folder stays free for the right address.
    server.behave = wordsAlone(() => ({ body: completion('Verdict: A') }));
    expect((await winrate(...(await answerFiles()), '--rubric', 'summary', '--ties')).code).toBe(0);
  });
});
