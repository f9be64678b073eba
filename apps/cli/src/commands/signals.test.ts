import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { random } from '@dpo/base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, tinyModelFolder } from '../_cli-for-tests.js';
import { programFromSources, type RunningProgram, startProgram } from '../_program-for-tests.js';

/** When runs are killed; `tooling/kills` tries other moments. */
const SEED = 15;
const STEPS = 12;

let made: string;
let script: string;
let model: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'dpo-signals-'));
  script = await programFromSources(join(made, 'program'));
  model = await tinyModelFolder(join(made, 'model'));
}, 120_000);
afterAll(() => rm(made, { recursive: true, force: true, maxRetries: 5 }));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(made, 'test-'));
});
const at = (name: string) => join(folder, name);

const start = (...args: string[]) => startProgram(script, args);
const train = (...more: string[]) =>
  start(
    ...['train', '--model', model, '--data', at('pairs.jsonl'), '--output', at('run'), '--batch-size', '4'],
    ...['--engine', 'cpu', '--no-tensorboard', '--learning-rate', '0.01', ...more],
  );

/** A file of data that takes minutes to read: two thousand times the same member of gzip, unpacked 2 GB. */
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

async function expectInterrupted(program: RunningProgram): Promise<string> {
  expect(await program.ended, program.said()).toEqual({ code: 130, signal: null });
  return program.said();
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
    expect(await again.ended, again.said()).toEqual({ code: 0, signal: null });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s saves a training, which --resume goes on with',
    async (name) => {
      await pairsFile(folder);
      const program = train('--max-steps', '100000');
      await program.says('step ');
      program.child.kill(name);
      const saved = /checkpoint-(\d+)\. Go on with the same command and --resume/.exec(
        await expectInterrupted(program),
      );
      const again = train('--resume', '--max-steps', String(Number(saved?.[1]) + 1));
      expect(await again.ended, again.said()).toEqual({ code: 0, signal: null });
    },
  );

  it('ends at the second one what the first one lets finish', async () => {
    // An evaluation of minutes belongs to its step.
    await pairsFile(folder, 6000);
    const program = train('--max-steps', '2', '--eval-data', at('pairs.jsonl'), '--eval-steps', '1');
    await program.says('Model: ');
    await sleep(1000);
    program.child.kill('SIGINT');
    await sleep(100);
    program.child.kill('SIGINT');
    await expectInterrupted(program);
    expect(await readdir(at('run'))).not.toContain('final');
  });
});

it(`a training that is killed at any moment (seed ${SEED}) ends in the same bytes`, async () => {
  await pairsFile(folder);
  const args = ['--max-steps', String(STEPS), '--save-steps', '3', '--schedule', 'cosine', '--lora-rank', '2'];
  const draw = random(SEED);
  for (let kill = 0; kill < 2; kill++) {
    const begun = (await readdir(at('run')).catch(() => [])).some((name) => name.startsWith('checkpoint-'));
    const program = train(...args, ...(begun ? ['--resume'] : []));
    await program.says('Model: ');
    await sleep(draw() * 700);
    program.child.kill('SIGKILL');
    await program.ended;
    // A run that came to its end before it was killed has nothing left to go on with.
    if ((await readdir(at('run'))).includes('final')) break;
  }
  const begun = (await readdir(at('run'))).some((name) => name.startsWith('checkpoint-'));
  const last = train(...args, ...(begun ? ['--resume'] : []));
  expect(await last.ended, last.said()).toEqual({ code: 0, signal: null });
  const killed = await readFile(at('run/final/adapter_model.safetensors'));
  const whole = train(...args, '--output', at('whole'));
  expect(await whole.ended, whole.said()).toEqual({ code: 0, signal: null });
  expect(killed.equals(await readFile(at('whole/final/adapter_model.safetensors')))).toBe(true);
}, 120_000);
