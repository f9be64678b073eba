import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findLibrary } from '@dpo/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';
import { differences, type LaunchFolder, launchFolder, metricsOf } from './_launch-for-tests.js';

const library = await findLibrary();

let place: LaunchFolder;
let other: string;
let prompts: string;
const at = (name: string) => join(place.scratch, name);
beforeAll(async () => {
  place = await launchFolder();
  other = await tinyModelFolder(at('other'), 2);
  // More samples than two batches of generate hold.
  const rows = Array.from({ length: 40 }, (_, i) => ({ prompt: `P${i}${'.'.repeat(i % 7)}` }));
  prompts = await place.lines('prompts.jsonl', rows);
}, 120_000);
afterAll(() => rm(place.scratch, { recursive: true, force: true, maxRetries: 5 }));

/** The beginning of a module with a reward: the number of the worker that loads the module, 0 without workers. */
const rank = 'const { task = { index: 0 } } = JSON.parse(process.env.TF_CONFIG ?? "{}"); const rank = task.index;';

/** A line of `dpo generate`. */
interface Sample {
  readonly logp: number;
}
const samplesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample);

/** One thread, since threads decide how sums are rounded. */
const engine = ['--engine', 'tensorflow', '--threads', '1'];

describe.skipIf(library === undefined)('workers give the results of one', { timeout: 180_000 }, () => {
  /** The results of one worker and of several: standard output, and the file that `--out` names. */
  async function both(workers: number, args: readonly string[], outputs: readonly string[] = []) {
    const ofFile = async (name: string) => (outputs.length > 0 ? await readFile(at(name), 'utf8') : '');
    const alone = await runCli([...args, ...engine, ...outputs.flatMap((flag) => [flag, at('alone.jsonl')])]);
    expect(alone.code, alone.notes.join('\n')).toBe(0);
    const several = await place.launch(workers, [...args, ...outputs.flatMap((flag) => [flag, at('several.jsonl')])]);
    expect(several.code, several.notes).toBe(0);
    return {
      alone: { out: alone.out.map((line) => `${line}\n`).join(''), file: await ofFile('alone.jsonl') },
      several: { out: several.out, file: await ofFile('several.jsonl') },
    };
  }

  it('generate: 2, and 3 as 2', async () => {
    const args = ['generate', '--model', place.model, '--prompts', prompts, '--samples', '3', '--max-new-tokens', '5'];
    const { alone, several } = await both(2, [...args, '--seed', '4', '--engine', 'tensorflow'], ['--out']);
    const [ofOne, ofTwo] = [alone, several].map(({ file }) => samplesOf(file)) as [Sample[], Sample[]];
    expect(ofOne).toHaveLength(120);
    // One worker lets waiting samples take the places of others, which rounds otherwise.
    for (const [i, { logp, ...sample }] of ofTwo.entries()) {
      const { logp: expected, ...same } = ofOne[i] as Sample;
      expect(sample).toEqual(same);
      expect(Math.abs(logp - expected)).toBeLessThan(1e-4);
    }
    const byThree = ['--seed', '4', '--engine', 'tensorflow', '--out', at('three.jsonl')];
    const three = await place.launch(3, [...args, ...byThree]);
    expect(three.code, three.notes).toBe(0);
    expect(await readFile(at('three.jsonl'), 'utf8')).toBe(several.file);
    expect(several.out).toBe('');
  });

  it('score: 3, of which one finds nothing to do', async () => {
    const args = ['score', '--model', place.model, '--ref', other, ...place.pairs, '--engine', 'tensorflow'];
    const { alone, several } = await both(3, args);
    expect(alone.out.split('\n')).toHaveLength(24);
    expect(several.out).toBe(alone.out);
  });

  it('eval sentiment and eval rewards: 2', async () => {
    // Only the first worker's rewards count.
    const reward = 'export default async (texts) => texts.map((text, i) => text.length * Math.cos(rank * i));';
    await writeFile(at('texts.mjs'), `${rank}\n${reward}`);
    const sentiment = ['eval', 'sentiment', '--model', place.model, '--ref', other, '--prompts', prompts, '--json'];
    const drawing = ['--samples', '2', '--max-new-tokens', '4', '--header', '', '--reward', at('texts.mjs')];
    const measured = await both(2, [...sentiment, ...drawing]);
    expect(JSON.parse(measured.several.out)).toEqual(JSON.parse(measured.alone.out));
    const rewards = await both(2, [
      'eval',
      'rewards',
      '--model',
      place.model,
      '--ref',
      other,
      ...place.pairs,
      '--json',
    ]);
    expect(rewards.several.out).toBe(rewards.alone.out);
  });

  it('eval winrate: 2, which draw the answers that the first judges', async () => {
    const args = ['eval', 'winrate', '--model', place.model, '--baseline', other, '--prompts', prompts, '--json'];
    const judge = await tinyModelFolder(at('judge'), 3, 1024);
    const judging = ['--judge', judge, '--rubric', 'helpful', '--max-new-tokens', '4', '--limit', '35'];
    const alone = await runCli([...args, ...judging, ...engine, '--output', at('win-alone')]);
    expect(alone.code, alone.notes.join('\n')).toBe(0);
    const several = await place.launch(2, [...args, ...judging, '--output', at('win-several')]);
    expect(several.code, several.notes).toBe(0);
    expect(JSON.parse(several.out)).toEqual(JSON.parse(alone.out.join('\n')));
    for (const file of ['answers.jsonl', 'against.jsonl'])
      expect(await readFile(at(`win-several/${file}`), 'utf8'), file).toBe(
        await readFile(at(`win-alone/${file}`), 'utf8'),
      );
  });

  it('reward: 2', async () => {
    const args = ['reward', '--model', place.model, ...place.pairs, '--max-steps', '3', '--batch-size', '6'];
    const more = ['--learning-rate', '0.02', '--no-tensorboard', '--engine', 'tensorflow', '--pad-token', 'Z'];
    expect((await runCli([...args, ...more, '--output', at('reward-alone')])).code).toBe(0);
    const { code, notes } = await place.launch(2, [...args, ...more, '--output', at('reward-several')]);
    expect(code, notes).toBe(0);
    expect(differences(await metricsOf(at('reward-several')), await metricsOf(at('reward-alone')))).toEqual([]);
  });

  it.each([
    [2, 'ppo, in minibatches', ['--method', 'ppo', '--minibatches', '2', '--iterations', '2']],
    [3, 'rloo, with held-out prompts', ['--method', 'rloo', '--eval-steps', '1']],
  ])('rl: %i, %s', async (workers, _, options) => {
    // Only the first worker's rewards count.
    const reward = 'export default async (_, answers) => answers.map((a, i) => a.length * Math.cos(rank * i));';
    await writeFile(at('answers.mjs'), `${rank}\n${reward}`);
    const heldOut = options.includes('--eval-steps') ? ['--eval-data', prompts] : [];
    const args = [
      ...['rl', '--model', place.model, '--data', prompts, '--reward', at('answers.mjs'), '--engine', 'tensorflow'],
      ...['--prompts-per-batch', '6', '--samples', '3', '--max-new-tokens', '4', '--max-steps', '4'],
      ...['--learning-rate', '0.01', '--no-tensorboard', ...options, ...heldOut],
    ];
    const alone = await runCli([...args, '--output', at(`rl-alone-${workers}`)]);
    expect(alone.code, alone.notes.join('\n')).toBe(0);
    const { code, notes } = await place.launch(workers, [...args, '--output', at(`rl-several-${workers}`)]);
    expect(code, notes).toBe(0);
    expect(
      differences(await metricsOf(at(`rl-several-${workers}`)), await metricsOf(at(`rl-alone-${workers}`))),
    ).toEqual([]);
  });
});
