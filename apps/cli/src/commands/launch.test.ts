import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findLibrary } from '@dpo/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';
import { differences, type LaunchFolder, launchFolder, metricsOf } from './_launch-for-tests.js';
import { commands } from './index.js';
import { commandsOfWorkers } from './launch.js';

const library = await findLibrary();

let place: LaunchFolder;
beforeAll(async () => {
  place = await launchFolder();
}, 120_000);
afterAll(() => rm(place.scratch, { recursive: true, force: true, maxRetries: 5 }));

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(place.scratch, 'test-'));
});

const training = (output: string, ...more: string[]) => [
  ...['train', '--model', place.model, '--output', at(output), '--engine', 'tensorflow', '--no-tensorboard'],
  ...['--max-steps', '4', '--batch-size', '7', '--learning-rate', '0.02', '--beta', '0.5', '--seed', '3', ...more],
];

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(library === undefined)('several workers', { timeout: 180_000 }, () => {
  it.each([
    [2, 'DPO, its reference precomputed, with evaluations', ['--precompute-reference', '--eval-steps', '2']],
    [
      3,
      'DPO with an adapter, dropout and clipping',
      ['--lora-rank', '2', '--lora-dropout', '0.3', '--max-grad-norm', '0.1'],
    ],
    [2, 'IPO in micro-batches', ['--method', 'ipo', '--grad-accumulation', '3', '--batch-size', '4']],
    [4, 'KTO, whose KL divergence is of all examples', ['--method', 'kto']],
    [3, 'DPO with a divided optimizer', ['--shard-optimizer', '--weight-decay', '0.1', '--max-grad-norm', '0.1']],
  ])('%i, train as one does: %s', async (workers, _, options) => {
    const file = options.includes('kto') ? 'answers.jsonl' : 'pairs.jsonl';
    const data = ['--data', join(place.scratch, file)];
    const heldOut = options.includes('--eval-steps') ? ['--eval-data', join(place.scratch, file)] : [];
    const [alone, several] = [await runCli(training('alone', ...data, ...heldOut, ...options)), 'several'];
    expect(alone.code).toBe(0);
    const { code, notes } = await place.launch(workers, training(several, ...data, ...heldOut, ...options));
    expect(code, notes).toBe(0);
    expect(differences(await metricsOf(at(several)), await metricsOf(at('alone')))).toEqual([]);
    expect((await readdir(join(folder, several))).sort()).toEqual((await readdir(join(folder, 'alone'))).sort());
    expect(notes).toContain('[1] Ended with step 4 of 4.');
  });

  it('go on from a checkpoint of another number of workers', async () => {
    const more = [...place.pairs, '--save-steps', '2'];
    expect((await runCli(training('whole', ...more))).code).toBe(0);
    expect((await place.launch(2, training('parts', ...more, '--max-steps', '2', '--shard-optimizer'))).code).toBe(0);
    await rm(join(folder, 'parts/final'), { recursive: true });
    const { code, notes } = await place.launch(3, training('parts', ...more, '--resume'));
    expect(code, notes).toBe(0);
    expect(differences(await metricsOf(at('parts')), await metricsOf(at('whole')))).toEqual([]);
  });

  it('end after the same step, with a checkpoint, when one of them gets a signal', async () => {
    const args = training('stopped', ...place.pairs, '--max-steps', '3000');
    const programs = await place.workersOf([args, args]);
    await programs[0]?.says('step ');
    programs[1]?.child.kill('SIGTERM');
    const ends = await Promise.all(programs.map(({ ended }) => ended));
    expect(ends.map(({ code }) => code)).toEqual([130, 130]);
    const records = await metricsOf(at('stopped'));
    expect(await readdir(join(folder, 'stopped'))).toContain(`checkpoint-${records.length}`);
    expect(programs[1]?.notes()).toContain(`Ended with step ${records.length} of 3000.`);
  });

  it('end with an error when one of them is killed', async () => {
    const args = training('killed', ...place.pairs, '--max-steps', '3000', '--save-steps', '1');
    const [leader, other] = await place.workersOf([args, args]);
    const output = at('killed');
    while (!(await readdir(output).catch(() => [])).some((name) => name.startsWith('checkpoint-'))) await sleep(50);
    other?.child.kill('SIGKILL');
    expect((await leader?.ended)?.code, leader?.notes()).toBe(1);
    expect(leader?.notes()).toContain('Error: Another worker is gone');
    const { code, notes } = await runCli([...args, '--resume', '--max-time', '1s']);
    expect(code, notes.join('\n')).toBe(0);
  });

  it('that differ are refused, each of them', async () => {
    const other = ['--beta', '0.1', '--model', await tinyModelFolder(join(folder, 'other'), 2)];
    const programs = await place.workersOf([
      training('refused', ...place.pairs),
      training('refused', ...place.pairs, ...other),
    ]);
    for (const { ended, notes } of programs) {
      expect((await ended).code).toBe(1);
      expect(notes()).toMatch(/would not train as worker 0 does: worker 1 \(127.*\) differs in beta, the models\./);
    }
    expect(await readdir(join(folder, 'refused')).catch(() => [])).toEqual([]);
  });

  it('end with a checkpoint when dpo launch is killed', async () => {
    const args = training('orphans', ...place.pairs, '--max-steps', '3000');
    const program = place.start(2, args);
    await program.says('step ');
    const processes = [...program.notes().matchAll(/process (\d+)/g)].map(([, id]) => Number(id));
    expect(processes).toHaveLength(2);
    program.child.kill('SIGKILL');
    while (processes.some(isRunning)) await sleep(50);
    const records = await metricsOf(at('orphans'));
    expect(records.length).toBeLessThan(3000);
    expect(await readdir(join(folder, 'orphans'))).toContain(`checkpoint-${records.length}`);
  });

  it('that are more than the examples of a batch are refused, and nothing is written', async () => {
    const { code, notes } = await place.launch(3, training('few', ...place.pairs, '--batch-size', '2'));
    expect(code).toBe(1);
    expect(notes).toContain('2 examples cannot be shared by 3 workers.');
    expect(await readdir(at('few')).catch(() => [])).toEqual([]);
  });

  it('end with the error of the worker that failed', async () => {
    const { code, notes } = await place.launch(2, training('none', '--data', join(folder, 'nowhere.jsonl')));
    expect(code).toBe(1);
    expect(notes).toContain('nowhere.jsonl does not exist');
    expect(notes).toMatch(/Worker [01] failed: ending the others\./);
  });
});

describe('launch', () => {
  it('runs the commands whose work can be shared', () => {
    const shared = commands.filter(({ sharesWork }) => sharesWork).map(({ name }) => name);
    expect([...commandsOfWorkers].sort()).toEqual(shared.sort());
  });

  it.each([
    [['--workers', '2'], 'needs the command that the workers run'],
    [['--workers', '2', '--', 'doctor'], 'cannot run doctor'],
    [['--workers', '2', '--', 'eval', 'rescore', 'f'], 'cannot run eval'],
    [['--workers', '1', '--', 'train'], '--workers'],
    [['--', 'train'], '--workers is missing'],
  ])('%j is refused', async (args, says) => {
    const { code, notes } = await runCli(['launch', ...args]);
    expect(code).toBe(2);
    expect(notes.join('\n')).toContain(says);
  });
});
