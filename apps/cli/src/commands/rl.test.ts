import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '@dpo/base/safetensors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';
import { type RlFolder, rlFolder } from './_rl-for-tests.js';

let place: RlFolder;
beforeAll(async () => {
  place = await rlFolder();
});
afterAll(() => rm(place.folder, { recursive: true, force: true }));

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../../tooling/parity/fixtures/classifiers/${name}`, import.meta.url));

it('trains on its own answers, evaluates, and leaves a run folder with a report', async () => {
  const { rl, at, records } = place;
  const { code, notes, out } = await rl('first', '--eval-data', at('prompts.jsonl'), '--eval-steps', '1');
  expect(notes.join('\n')).toContain('2 updates, 1 to each batch of 2 × 2 answers');
  expect(code).toBe(0);
  const [first, second, ...more] = await records('first');
  expect(more).toEqual([]);
  expect(first).toMatchObject({ ratio: 1, kl_coef: 0.05, num_samples: 4, 'ratio/skipped': 0 });
  expect(first?.['sampling/sampling_logp_difference/mean']).toBeLessThan(1e-5);
  expect(first?.reward).toBeGreaterThan(2);
  expect(second?.eval_reward).toBeGreaterThan(2);
  expect(second?.eval_kl).toBeGreaterThan(-1);
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
  const { code, notes } = await place.rl(method, '--method', method, ...more);
  expect(notes.filter((note) => note.startsWith('Error'))).toEqual([]);
  expect(code).toBe(0);
  const records = await place.records(method);
  expect(records.length).toBe(steps);
  for (const { loss, grad_norm: norm } of records) expect(Number.isFinite(loss) && Number.isFinite(norm)).toBe(true);
  if (method === 'ppo') expect(records[0]).toHaveProperty('loss/value_avg');
});

it('goes on where it was interrupted, to the same weights', async () => {
  const { rl, argsOf, records, weights } = place;
  const more = ['--method', 'ppo', '--iterations', '3', '--max-steps', '6', '--save-steps', '1'];
  more.push('--schedule', 'linear');
  expect((await rl('whole', ...more)).code).toBe(0);
  // After the second of three updates to the first batch.
  const stopped = await runCli(argsOf('parts', ...more), (line, stop) => {
    if (line.includes('step 2/6')) stop();
  });
  expect(stopped.code).toBe(130);
  const resumed = await rl('parts', ...more, '--resume');
  expect(resumed.code).toBe(0);
  expect((await records('parts')).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await weights('parts')).toEqual(await weights('whole'));
  const changed = await rl('parts', ...more, '--resume', '--beta', '0.5');
  expect(changed).toMatchObject({ code: 1 });
  expect(changed.notes.join('\n')).toContain('beta was 0.05, is 0.5');
});

it.each([
  ['a text classifier', 'distilbert', 1],
  ['a reward model', 'qwen2', Number.POSITIVE_INFINITY],
])('has %s of another tokenizer judge texts', async (_, name, most) => {
  const { code, notes } = await place.rl(name, '--reward', fixture(name), '--max-steps', '1');
  expect(notes.filter((note) => note.startsWith('Error'))).toEqual([]);
  expect(code).toBe(0);
  const [record] = await place.records(name);
  expect(Math.abs(record?.reward ?? Number.NaN)).toBeGreaterThan(0);
  expect(Math.abs(record?.reward ?? Number.NaN)).toBeLessThan(most);
});

it('keeps the value head in checkpoints, and leaves it out of the trained model', async () => {
  const { rl, at } = place;
  const run = ['--max-steps', '2', '--save-steps', '1'];
  expect((await rl('headless', ...run)).code).toBe(0);
  expect((await rl('valued', ...run, '--method', 'ppo')).code).toBe(0);
  const head = await openSafetensors(at('valued/checkpoint-2/method.safetensors'));
  try {
    expect([...head.tensors].map(([name, { shape }]) => [name, shape]).sort()).toEqual([
      ['value.bias', [1]],
      ['value.weight', [16, 1]],
    ]);
  } finally {
    await head.close();
  }
  expect(await readdir(at('headless/checkpoint-2'))).not.toContain('method.safetensors');
  expect((await readdir(at('valued/final'))).sort()).toEqual((await readdir(at('headless/final'))).sort());
  const final = await openSafetensors(at('valued/final/model.safetensors'));
  expect([...final.tensors.keys()].filter((name) => name.includes('value'))).toEqual([]);
  await final.close();
});

it('writes a card that says method, reward and β, and a report of the curves', async () => {
  const { rl, at } = place;
  const steered = ['--kl-target', '2', '--eval-data', at('prompts.jsonl')];
  expect((await rl('told', '--reward', 'vader', '--max-steps', '3', ...steered)).code).toBe(0);
  const card = await readFile(at('told/final/README.md'), 'utf8');
  const says =
    'trained by REINFORCE with a leave-one-out baseline (RLOO) on its own answers, by the reward vader and β 0.05';
  expect(card).toContain(`${says} at first, steered to 2 nats an answer ([arXiv 2402.14740]`);
  for (const cell of ['| reward | vader |', '| beta | 0.05 |', '| eval_reward |', '| eval_kl |'])
    expect(card).toContain(cell);
  await rm(at('told/report.html'));
  expect((await runCli(['report', at('told')])).code).toBe(0);
  const report = await readFile(at('told/report.html'), 'utf8');
  for (const name of ['objective/kl', 'eval_reward', 'completions/mean_length', '<figcaption>Entropy'])
    expect(report).toContain(name);
});

it('warns of a beta of 0, and watches the KL divergence all the same', async () => {
  const { notes } = await place.rl('free', '--beta', '0', '--max-steps', '1');
  expect(notes.join('\n')).toContain('With a beta of 0 nothing holds the policy');
  expect((await place.records('free'))[0]).toMatchObject({ kl_coef: 0, 'objective/kl': expect.any(Number) });
});

it('ends answers with a text, which the reward does not see', async () => {
  const { at, rl, records } = place;
  const module =
    'export default async (_, answers) => answers.map((a) => { if (a.includes("i")) throw new Error("i"); return a.length; });';
  await writeFile(at('no-i.mjs'), module);
  const more = ['--reward', at('no-i.mjs'), '--max-new-tokens', '24', '--samples', '4'];
  expect((await rl('unstopped', ...more)).notes.join('\n')).toContain('The reward failed');
  expect((await rl('stopped', ...more, '--stop', 'i')).code).toBe(0);
  const [record] = await records('stopped');
  expect(record?.['completions/clipped_ratio']).toBeLessThan(1);
});
