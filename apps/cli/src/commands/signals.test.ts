import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { random } from '@dpo/base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, tinyModelFolder } from '../_cli-for-tests.js';
import { programFromSources, type RunningProgram, startProgram } from '../_program-for-tests.js';

/** The seed of the moments when runs are killed. `tooling/kills` tries other moments. */
const SEED = 15;
const STEPS = 12;

let scratch: string;
let script: string;
let model: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-signals-'));
  script = await programFromSources(join(scratch, 'program'));
  model = await tinyModelFolder(join(scratch, 'model'));
}, 120_000);
afterAll(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'test-'));
});
const at = (name: string) => join(folder, name);

const start = (...args: string[]) => startProgram(script, args);
const train = (...more: string[]) =>
  start(
    ...['train', '--model', model, '--data', at('pairs.jsonl'), '--output', at('run'), '--batch-size', '4'],
    ...['--engine', 'cpu', '--no-tensorboard', '--learning-rate', '0.01', ...more],
  );

/** Writes a file of data that takes minutes to read: the same gzip member two thousand times, 2 GB when unpacked. */
async function endless(name: string): Promise<void> {
  const row = `${JSON.stringify({ prompt: 'Q:', chosen: ' yes', rejected: ' no' })}\n`;
  const member = gzipSync(row.repeat(20_000));
  await writeFile(at(name), Buffer.concat(Array.from({ length: 2000 }, () => member)));
}

/** Resolves when a program has a file open. */
async function hasOpen({ child }: RunningProgram, name: string): Promise<void> {
  const descriptors = `/proc/${child.pid}/fd`;
  for (;;) {
    for (const fd of await readdir(descriptors).catch(() => []))
      if ((await readlink(`${descriptors}/${fd}`).catch(() => '')) === at(name)) return;
    await sleep(20);
  }
}

/** Resolves when a training is in its first step: some time after it has written its configuration, since packing comes first. */
async function hasBegun(milliseconds = 1000): Promise<void> {
  while (!existsSync(at('run/config.json'))) await sleep(20);
  await sleep(milliseconds);
}

async function expectInterrupted(program: RunningProgram): Promise<string> {
  expect(await program.ended, program.notes()).toEqual({ code: 130, signal: null });
  return program.notes();
}

// Where the system shows which files a program has open.
describe.runIf(existsSync('/proc/self/fd'))('a signal', () => {
  it.each([
    ['SIGINT', 'data inspect', []],
    ['SIGTERM', 'data validate', []],
    ['SIGHUP', 'data convert', ['out.arrow']],
    ['SIGHUP', 'score', []],
  ] as const)('%s ends %s, and leaves nothing behind', async (signal, command, outputs) => {
    await endless('pairs.jsonl');
    const input = command === 'score' ? ['--model', model, '--data', at('pairs.jsonl')] : [at('pairs.jsonl')];
    const program = start(...command.split(' '), ...input, ...outputs.map(at));
    await hasOpen(program, 'pairs.jsonl');
    program.child.kill(signal);
    expect(await expectInterrupted(program)).toContain('Interrupted.');
    expect(await readdir(folder)).toEqual(['pairs.jsonl']);
  });

  it('before the first step says that nothing is saved, and the same command begins the run', async () => {
    await endless('pairs.jsonl');
    const program = train('--max-steps', '2');
    await hasOpen(program, 'pairs.jsonl');
    program.child.kill('SIGINT');
    expect(await expectInterrupted(program)).toContain('nothing was saved. The same command begins the run.');
    await rm(at('pairs.jsonl'));
    await pairsFile(folder);
    const again = train('--max-steps', '2');
    expect(await again.ended, again.notes()).toEqual({ code: 0, signal: null });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s saves a training, which --resume goes on with',
    async (name) => {
      await pairsFile(folder);
      const program = train('--max-steps', '100000');
      await program.says('step ');
      program.child.kill(name);
      const match = /checkpoint-(\d+)\. Go on with the same command and --resume/.exec(
        await expectInterrupted(program),
      );
      const again = train('--resume', '--max-steps', String(Number(match?.[1]) + 1));
      expect(await again.ended, again.notes()).toEqual({ code: 0, signal: null });
    },
  );

  it('ends an evaluation of minutes, which --resume makes before it goes on', async () => {
    await pairsFile(folder, 6000);
    await rename(at('pairs.jsonl'), at('many.jsonl'));
    await pairsFile(folder);
    const program = train('--max-steps', '2', '--eval-data', at('many.jsonl'), '--eval-steps', '1');
    await hasBegun();
    program.child.kill('SIGINT');
    expect(await expectInterrupted(program)).toContain('checkpoint-1. Go on with the same command and --resume');
    expect(await readFile(at('run/metrics.jsonl'), 'utf8')).toBe('');
    const again = train('--max-steps', '2', '--eval-data', at('pairs.jsonl'), '--eval-steps', '1', '--resume');
    expect(await again.ended, again.notes()).toEqual({ code: 0, signal: null });
    const records = (await readFile(at('run/metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(records.map((line) => JSON.parse(line))).toMatchObject([
      { step: 1, eval_loss: expect.any(Number) },
      { step: 2, eval_loss: expect.any(Number) },
    ]);
  });

  it('ends work at the second signal that the first signal lets finish', async () => {
    // A step of minutes.
    await pairsFile(folder, 6000);
    const program = train('--max-steps', '1', '--batch-size', '6000');
    await hasBegun(4000);
    program.child.kill('SIGINT');
    // Longer than a command may take that need not finish its work.
    await sleep(1500);
    expect(program.child.exitCode, program.notes()).toBeNull();
    program.child.kill('SIGINT');
    // After the first signal alone the note would say what was saved.
    expect(await expectInterrupted(program)).not.toContain('Interrupted');
    expect(await readdir(at('run'))).not.toContainEqual(expect.stringMatching(/^(checkpoint|final)/));
  });
});

it(`a training that is killed at any moment (seed ${SEED}) ends in the same bytes`, async () => {
  await pairsFile(folder);
  const args = ['--max-steps', String(STEPS), '--save-steps', '3', '--schedule', 'cosine', '--lora-rank', '2'];
  const draw = random(SEED);
  for (let kill = 0; kill < 2; kill++) {
    const canResume = (await readdir(at('run')).catch(() => [])).some((name) => name.startsWith('checkpoint-'));
    const program = train(...args, ...(canResume ? ['--resume'] : []));
    await program.says('Model: ');
    await sleep(draw() * 700);
    program.child.kill('SIGKILL');
    await program.ended;
    // A run that ended before it was killed cannot be resumed.
    if ((await readdir(at('run'))).includes('final')) break;
  }
  const canResume = (await readdir(at('run'))).some((name) => name.startsWith('checkpoint-'));
  const last = train(...args, ...(canResume ? ['--resume'] : []));
  expect(await last.ended, last.notes()).toEqual({ code: 0, signal: null });
  const weights = await readFile(at('run/final/adapter_model.safetensors'));
  const whole = train(...args, '--output', at('whole'));
  expect(await whole.ended, whole.notes()).toEqual({ code: 0, signal: null });
  expect(weights.equals(await readFile(at('whole/final/adapter_model.safetensors')))).toBe(true);
}, 120_000);
