import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-rl-'));
  await tinyModelFolder(at('model'));
  const prompts = ['Good', 'The film', 'I', 'A day'].map((prompt) => JSON.stringify({ prompt, label: 1 }));
  await writeFile(at('prompts.jsonl'), prompts.join('\n'));
  await writeFile(at('empty.jsonl'), '\n');
  await writeFile(
    at('letters.mjs'),
    'export default async (prompt, answers) => answers.map((a) => prompt.length + a.split("a").length);',
  );
  await writeFile(
    at('nan.mjs'),
    'export default (prompt, answers) => answers.map((_, k) => (prompt === "I" && k === 1 ? NaN : 1));',
  );
  await writeFile(at('throws.mjs'), 'export default () => { throw new Error("no such service"); };');
  await writeFile(at('few.mjs'), 'export default async () => [1];');
  await writeFile(at('hangs.mjs'), 'export default () => { for (;;); };');
  await writeFile(at('broken.mjs'), 'export default (');
  await writeFile(at('nothing.mjs'), 'export default 5;');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rl = (output: string, ...more: string[]) => runCli(argsOf(output, ...more));
const argsOf = (output: string, ...more: string[]) => [
  ...['rl', '--model', at('model'), '--data', at('prompts.jsonl'), '--output', at(output), '--engine', 'cpu'],
  ...['--reward', at('letters.mjs'), '--prompts-per-batch', '2', '--samples', '2', '--max-new-tokens', '4'],
  ...['--learning-rate', '0.01', '--no-tensorboard', ...more],
];
const lines = async (name: string) =>
  (await readFile(at(name), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
const weights = (run: string) => readFile(at(`${run}/final/model.safetensors`));

it('trains on its own answers, evaluates, and leaves a run folder with a report', async () => {
  const { code, notes, out } = await rl('first', '--eval-data', at('prompts.jsonl'), '--eval-steps', '1');
  expect(notes.join('\n')).toContain('2 updates, 1 to each batch of 2 × 2 answers');
  expect(code).toBe(0);
  const records = await lines('first/metrics.jsonl');
  expect(records.length).toBe(2);
  expect(records[0]).toMatchObject({ ratio: 1, kl_coef: 0.05, num_samples: 4, 'ratio/skipped': 0 });
  expect(records[0]?.['sampling/sampling_logp_difference/mean']).toBeLessThan(1e-5);
  // The reward is the prompt's length and one more than its number of letters a.
  expect(records[0]?.reward).toBeGreaterThan(2);
  expect(records[1]?.eval_reward).toBeGreaterThan(2);
  expect(records[1]?.eval_kl).toBeGreaterThan(-1);
  expect((await readdir(at('first'))).sort()).toEqual(expect.arrayContaining(['config.json', 'final', 'report.html']));
  expect(out).toEqual([at('first/final')]);
  expect(notes.join('\n')).toContain('reward');
  expect(notes.join('\n')).toContain('label');
});

it.each([
  ['ppo', ['--minibatches', '2', '--iterations', '2', '--kl-target', '2'], 8],
  ['grpo', ['--loss-type', 'dapo', '--clip-high', '0.28', '--reward', 'vader'], 2],
  ['reinforce', ['--samples', '1', '--end-penalty', '1'], 2],
  ['online-dpo', ['--lora-rank', '2'], 2],
  ['rejection-sampling', ['--lora-rank', '2'], 2],
])('has %s', async (method, more, steps) => {
  const { code, notes } = await rl(method, '--method', method, ...more);
  expect(notes.filter((note) => note.startsWith('Error'))).toEqual([]);
  expect(code).toBe(0);
  const records = await lines(`${method}/metrics.jsonl`);
  expect(records.length).toBe(steps);
  for (const { loss, grad_norm: norm } of records) expect(Number.isFinite(loss) && Number.isFinite(norm)).toBe(true);
  if (method === 'ppo') expect(records[0]).toHaveProperty('loss/value_avg');
});

it('goes on where it was interrupted, to the same weights', async () => {
  const more = [
    '--method',
    'ppo',
    '--iterations',
    '3',
    '--max-steps',
    '6',
    '--save-steps',
    '1',
    '--schedule',
    'linear',
  ];
  expect((await rl('whole', ...more)).code).toBe(0);
  // After the second of three updates to the first batch.
  const stopped = await runCli(argsOf('parts', ...more), (line, stop) => {
    if (line.includes('step 2/6')) stop();
  });
  expect(stopped.code).toBe(130);
  const resumed = await rl('parts', ...more, '--resume');
  expect(resumed.code).toBe(0);
  expect((await lines('parts/metrics.jsonl')).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await weights('parts')).toEqual(await weights('whole'));
  const changed = await rl('parts', ...more, '--resume', '--beta', '0.5');
  expect(changed).toMatchObject({ code: 1 });
  expect(changed.notes.join('\n')).toContain('beta was 0.05, is 0.5');
});

it('has a reward model of another tokenizer judge texts', async () => {
  const reward = fileURLToPath(new URL('../../../../tooling/parity/fixtures/classifiers/distilbert', import.meta.url));
  const { code, notes } = await rl('judged', '--reward', reward, '--max-steps', '1');
  expect(notes.filter((note) => note.startsWith('Error'))).toEqual([]);
  expect(code).toBe(0);
  const [record] = await lines('judged/metrics.jsonl');
  // The probability of a label.
  expect(record?.reward).toBeGreaterThan(0);
  expect(record?.reward).toBeLessThan(1);
});

it('warns of a beta of 0', async () => {
  const { notes } = await rl('free', '--beta', '0', '--max-steps', '1');
  expect(notes.join('\n')).toContain('With a beta of 0 nothing holds the policy');
});

describe('bad input is an error before anything is trained', () => {
  it.each([
    ['has no prompts', ['--data', 'empty.jsonl']],
    ['rloo needs at least 2 samples to a prompt, got 1', ['--samples', '1']],
    ['vadre is no reward: neither vader nor a module nor a reward model', ['--reward', 'vadre']],
    ['model is no reward', ['--reward', 'MODEL']],
    ['missing.mjs', ['--reward', 'missing.mjs']],
    ['broken.mjs cannot be loaded as a reward', ['--reward', 'broken.mjs']],
    ['nothing.mjs exports no function by default, but number', ['--reward', 'nothing.mjs']],
    ['sample 1 of prompt 2 is NaN', ['--reward', 'nan.mjs', '--prompts-per-batch', '4']],
    ['no such service', ['--reward', 'throws.mjs']],
    ['gave 1 numbers for the 2 answers to prompt', ['--reward', 'few.mjs']],
    ['did not come within 0.3 s', ['--reward', 'hangs.mjs', '--reward-seconds', '0.3']],
    ['divided evenly into 3 minibatches', ['--minibatches', '3']],
    ['where 14 leave room for 50 new ones', ['--max-new-tokens', '50', '--data', 'long.jsonl']],
    ['--value-weight is for ppo, not rloo', ['--value-weight', '1']],
  ])('%s', async (says, more) => {
    await writeFile(at('long.jsonl'), JSON.stringify({ prompt: 'a very long prompt of many words' }));
    const given = more.map((word) => (word === 'MODEL' ? at('model') : /\.(jsonl|mjs)$/.test(word) ? at(word) : word));
    const { code, notes } = await rl('bad', ...given);
    expect(notes.join('\n')).toContain(says);
    expect(code).toBeGreaterThan(0);
    expect(await readFile(at('bad/metrics.jsonl'), 'utf8').catch(() => '')).toBe('');
  });
});
