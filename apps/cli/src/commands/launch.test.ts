import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findLibrary } from '@dpo/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';
import { programFromSources, startProgram } from '../_program-for-tests.js';

const library = await findLibrary();

let scratch: string;
let script: string;
let model: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-launch-'));
  script = await programFromSources(join(scratch, 'program'));
  model = await tinyModelFolder(join(scratch, 'model'));
  const rows = Array.from({ length: 23 }, (_, i) => ({
    prompt: `Q${i % 5}:`,
    chosen: ` yes ${i}${'!'.repeat(i % 4)}`,
    rejected: ` no, ${i}`,
  }));
  await lines('pairs.jsonl', rows);
  const answers = rows.flatMap(({ prompt, chosen, rejected }, i) => [
    { prompt, completion: chosen, label: true },
    ...(i % 3 > 0 ? [{ prompt, completion: rejected, label: false }] : []),
  ]);
  await lines('answers.jsonl', answers);
}, 120_000);
afterAll(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));

const lines = (name: string, rows: readonly unknown[]) =>
  writeFile(join(scratch, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'test-'));
});

const training = (output: string, ...more: string[]) => [
  ...['train', '--model', model, '--output', join(folder, output), '--engine', 'tensorflow', '--no-tensorboard'],
  ...['--max-steps', '4', '--batch-size', '7', '--learning-rate', '0.02', '--beta', '0.5', '--seed', '3', ...more],
];
const pairs = () => ['--data', join(scratch, 'pairs.jsonl')];

async function launch(workers: number, args: readonly string[]) {
  const program = startProgram(script, ['launch', '--workers', String(workers), '--threads', '1', '--', ...args]);
  const { code } = await program.ended;
  return { code, notes: program.notes() };
}

/** The worker processes of a run, each started on its own, as on several machines. */
async function workersOf(argsOf: readonly (readonly string[])[]) {
  const hosts = (await Promise.all(argsOf.map(freePort))).map((port) => `127.0.0.1:${port}`);
  return argsOf.map((args, index) => {
    const config = { cluster: { worker: hosts }, task: { type: 'worker', index } };
    return startProgram(script, [...args, '--threads', '1'], { TF_CONFIG: JSON.stringify(config) });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const ownClock = new Set(['pairs_per_second', 'peak_rss_bytes']);
async function metrics(output: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(folder, output, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const record = JSON.parse(line) as Record<string, number>;
      return Object.fromEntries(Object.entries(record).filter(([name]) => !ownClock.has(name)));
    });
}

/** The numbers that differ by more than 1e-5, or by more than 1e-5 of their size when their size is above 1. */
function differences(actual: Record<string, number>[], expected: Record<string, number>[]): string[] {
  expect(actual.map(({ step }) => step)).toEqual(expected.map(({ step }) => step));
  return expected.flatMap((record, i) =>
    Object.entries(record).flatMap(([name, value]) => {
      const number = actual[i]?.[name] ?? Number.NaN;
      const isNear = Math.abs(number - value) <= 1e-5 * Math.max(1, Math.abs(value));
      return isNear ? [] : [`step ${record.step} ${name}: ${number}, not ${value}`];
    }),
  );
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
  ])('%i, train as one does: %s', async (workers, _, options) => {
    const file = options.includes('kto') ? 'answers.jsonl' : 'pairs.jsonl';
    const data = ['--data', join(scratch, file)];
    const heldOut = options.includes('--eval-steps') ? ['--eval-data', join(scratch, file)] : [];
    const [alone, several] = [await runCli(training('alone', ...data, ...heldOut, ...options)), 'several'];
    expect(alone.code).toBe(0);
    const { code, notes } = await launch(workers, training(several, ...data, ...heldOut, ...options));
    expect(code, notes).toBe(0);
    expect(differences(await metrics(several), await metrics('alone'))).toEqual([]);
    expect((await readdir(join(folder, several))).sort()).toEqual((await readdir(join(folder, 'alone'))).sort());
    expect(notes).toContain('[1] Ended with step 4 of 4.');
  });

  it('go on from a checkpoint of another number of workers', async () => {
    const more = [...pairs(), '--save-steps', '2'];
    expect((await runCli(training('whole', ...more))).code).toBe(0);
    expect((await launch(2, training('parts', ...more, '--max-steps', '2'))).code).toBe(0);
    await rm(join(folder, 'parts/final'), { recursive: true });
    const { code, notes } = await launch(3, training('parts', ...more, '--resume'));
    expect(code, notes).toBe(0);
    expect(differences(await metrics('parts'), await metrics('whole'))).toEqual([]);
  });

  it('end after the same step, with a checkpoint, when one of them gets a signal', async () => {
    const args = training('stopped', ...pairs(), '--max-steps', '3000');
    const programs = await workersOf([args, args]);
    await programs[0]?.says('step ');
    programs[1]?.child.kill('SIGTERM');
    const ends = await Promise.all(programs.map(({ ended }) => ended));
    expect(ends.map(({ code }) => code)).toEqual([130, 130]);
    const records = await metrics('stopped');
    expect(await readdir(join(folder, 'stopped'))).toContain(`checkpoint-${records.length}`);
    expect(programs[1]?.notes()).toContain(`Ended with step ${records.length} of 3000.`);
  });

  it('end with an error when one of them is killed', async () => {
    const args = training('killed', ...pairs(), '--max-steps', '3000', '--save-steps', '1');
    const [leader, other] = await workersOf([args, args]);
    const output = join(folder, 'killed');
    while (!(await readdir(output).catch(() => [])).some((name) => name.startsWith('checkpoint-'))) await sleep(50);
    other?.child.kill('SIGKILL');
    expect((await leader?.ended)?.code, leader?.notes()).toBe(1);
    expect(leader?.notes()).toContain('Error: Another worker is gone');
    const { code, notes } = await runCli([...args, '--resume', '--max-time', '1s']);
    expect(code, notes.join('\n')).toBe(0);
  });

  it('that differ are refused, each of them', async () => {
    const other = ['--beta', '0.1', '--model', await tinyModelFolder(join(folder, 'other'), 2)];
    const programs = await workersOf([training('refused', ...pairs()), training('refused', ...pairs(), ...other)]);
    for (const { ended, notes } of programs) {
      expect((await ended).code).toBe(1);
      expect(notes()).toMatch(/would not train as worker 0 does: worker 1 \(127.*\) differs in beta, the models\./);
    }
    expect(await readdir(join(folder, 'refused')).catch(() => [])).toEqual([]);
  });

  it('end with the error of the worker that failed', async () => {
    const { code, notes } = await launch(2, training('none', '--data', join(folder, 'nowhere.jsonl')));
    expect(code).toBe(1);
    expect(notes).toContain('nowhere.jsonl does not exist');
    expect(notes).toMatch(/Worker [01] failed: ending the others\./);
  });
});

describe('launch', () => {
  it.each([
    [['--workers', '2'], 'needs the command that the workers run'],
    [['--workers', '2', '--', 'score', '--model', 'm'], 'cannot run score'],
    [['--workers', '1', '--', 'train'], '--workers'],
    [['--', 'train'], '--workers is missing'],
  ])('%j is refused', async (args, says) => {
    const { code, notes } = await runCli(['launch', ...args]);
    expect(code).toBe(2);
    expect(notes.join('\n')).toContain(says);
  });
});
