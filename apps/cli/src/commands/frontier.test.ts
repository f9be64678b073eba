import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
const at = (name: string) => join(folder, name);

const recipe = {
  reward: 'letters.mjs',
  prompts: ['Good', 'The film', 'I', 'A day'],
  heldOutPrompts: 'held-out.jsonl',
  ...{ maxNewTokens: 3, loraRank: 2, pairs: { samples: 24, perPrompt: 2 }, evaluation: { samples: 2 }, bestOf: [2, 4] },
  learnedReward: { maxSteps: 2, batchSize: 2, learningRate: 0.01, padToken: 'Z' },
  runs: [
    {
      ...{ method: 'DPO', command: 'train', over: { beta: [0.1, 1] }, label: 'β', points: 2 },
      options: { maxSteps: 2, batchSize: 2, learningRate: 0.05, eos: false },
    },
    { method: 'Preferred-FT', command: 'sft', options: { maxSteps: 1, batchSize: 2, learningRate: 0.05, eos: false } },
    {
      ...{ method: 'PPO', command: 'rl', points: 2 },
      options: {
        ...{ method: 'ppo', reward: 'learned', maxSteps: 4, iterations: 2, promptsPerBatch: 2, samples: 2 },
        learningRate: 0.01,
      },
    },
  ],
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-frontier-'));
  await tinyModelFolder(at('model'));
  await writeFile(
    at('held-out.jsonl'),
    ['My', 'A cat', 'So'].map((prompt) => `${JSON.stringify({ prompt })}\n`).join(''),
  );
  // The reward: how many different letters an answer has.
  await writeFile(at('letters.mjs'), 'export default (prompt, answers) => answers.map((a) => new Set(a).size);');
  await writeFile(at('recipe.json'), JSON.stringify(recipe));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const argsOf = (output: string, ...more: string[]) => [
  ...['frontier', '--recipe', at('recipe.json'), '--model', at('model'), '--output', at(output), '--engine', 'cpu'],
  ...more,
];
const frontier = (output: string, ...more: string[]) => runCli(argsOf(output, ...more));
const errors = (notes: readonly string[]) => notes.filter((note) => note.startsWith('Error'));

interface Row {
  readonly method: string;
  readonly kl: number;
  readonly [key: string]: unknown;
}

/** The points without their seconds, which differ from run to run. */
const rowsOf = async (output: string) =>
  (JSON.parse(await readFile(at(`${output}/frontier.json`), 'utf8')) as { points: Row[] }).points.map(
    ({ seconds: _, ...row }) => row,
  );

describe('a frontier', () => {
  it('measures every checkpoint of every run, and goes on after an interruption to the same points', async () => {
    const whole = await frontier('whole', '--json');
    expect(errors(whole.notes)).toEqual([]);
    expect(whole.code).toBe(0);
    const rows = JSON.parse(whole.out.join('\n')) as Row[];
    expect(rows.map(({ method, setting, step }) => `${method} ${String(setting)} ${String(step)}`)).toEqual([
      ...['Start  0', 'DPO β 0.1 1', 'DPO β 0.1 2', 'DPO β 1 1', 'DPO β 1 2', 'Preferred-FT  1', 'PPO  2', 'PPO  4'],
      ...['Best of N N 2 0', 'Best of N N 4 0'],
    ]);
    expect(rows[0]).toMatchObject({ kl: 0, reward_calls: 0, samples_drawn: 0 });
    for (const { kl, learned_reward: learnedReward } of rows.slice(1, 8)) {
      expect(kl).toBeGreaterThan(0);
      expect(learnedReward).toBeTypeOf('number');
    }
    // The pairs took 4 × 24 = 96 answers. PPO draws two batches of 2 × 2 more.
    expect(rows[1]).toMatchObject({ samples_drawn: 96, reward_calls: 96 });
    expect(rows[7]).toMatchObject({ samples_drawn: 104, reward_calls: 96 });
    expect(rows[8]?.kl).toBeCloseTo(Math.log(2) - 0.5, 9);
    expect(await readFile(at('whole/frontier.html'), 'utf8')).toContain('PPO, after 4 updates');

    const interrupted = await runCli(argsOf('parts'), (line, stop) => {
      if (/PPO, seed 0: (25|50) %/.test(line)) stop();
    });
    expect(interrupted.code).toBe(130);
    expect(interrupted.notes.join('\n')).toContain('the same command goes on');
    expect(await readFile(at('parts/frontier.html'), 'utf8')).toContain('This frontier is not finished');
    const points = at('parts/seed-0/points');
    const pointNames = (await readdir(points)).sort();
    expect(pointNames).not.toContain('ppo-4.json');
    const times = async () => Promise.all(pointNames.map(async (name) => (await stat(join(points, name))).mtimeMs));
    const modelTime = async () => (await stat(at('parts/seed-0/dpo-beta-1/final'))).mtimeMs;
    const timesBefore = [await times(), await modelTime()];
    const resumed = await frontier('parts');
    expect(errors(resumed.notes)).toEqual([]);
    expect(resumed.code).toBe(0);
    expect(resumed.out.join('\n')).toContain('The highest mean reward');
    expect([await times(), await modelTime()]).toEqual(timesBefore);
    expect(await rowsOf('parts')).toEqual(await rowsOf('whole'));
  });

  it('refuses another recipe in the same folder, and says what differs', async () => {
    const runs = recipe.runs.map((run, i) => (i === 1 ? { ...run, options: { ...run.options, maxSteps: 2 } } : run));
    await writeFile(at('other.json'), JSON.stringify({ ...recipe, loraRank: 4, runs }));
    const { code, notes } = await frontier('whole', '--recipe', at('other.json'));
    expect(code).toBe(1);
    expect(notes.join('\n')).toContain('recipe.loraRank was 2, is 4; recipe.runs.1.options.maxSteps was 1, is 2');
    await writeFile(at('letters.mjs'), 'export default (prompt, answers) => answers.map((a) => a.length);');
    expect((await frontier('whole')).notes.join('\n')).toContain('files.reward');
  });
});

describe('bad input is an error before anything is trained', () => {
  it.each([
    ['A frontier needs a recipe', ['frontier', '--output', 'OUT']],
    ['both name a recipe', ['frontier', '--preset', 'sentiment', '--recipe', 'recipe.json', '--output', 'OUT']],
    ['is no recipe of a frontier: it is not valid JSON', ['frontier', '--recipe', 'letters.mjs', '--output', 'OUT']],
    ['missing.json', ['frontier', '--recipe', 'missing.json', '--output', 'OUT']],
    ['seeds', ['frontier', '--recipe', 'recipe.json', '--output', 'OUT', '--seeds', '0,x']],
  ])('%s', async (message, words) => {
    const args = words.map((word) => (/\.(json|mjs)$|^OUT$/.test(word) ? at(word) : word));
    const { code, notes } = await runCli(args);
    expect(notes.join('\n')).toContain(message);
    expect(code).toBeGreaterThan(0);
    expect(await readdir(at('OUT')).catch(() => [])).toEqual([]);
  });
});
