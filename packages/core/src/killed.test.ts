import { fork } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { random } from '@dpo/base';
import { openSafetensors } from '@dpo/base/safetensors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { trainInFolder } from './_kill-run-for-tests.js';
import { listCheckpoints } from './list-checkpoints.js';
import { checkCheckpoint } from './whole-checkpoints.js';

const STEPS = 240;
const KILLS = 3;
/** The seed of the moments of the kills; `tooling/kills` tries other seeds. */
const SEED = 15;

let folder: string;
let script: string;
/** A process of its own needs plain JavaScript: vitest's bundler puts the sources into one file. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-killed-'));
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const { build } = await import(pathToFileURL(createRequire(vitest).resolve('vite')).href);
  await build({
    configFile: false,
    logLevel: 'silent',
    root: fileURLToPath(new URL('..', import.meta.url)),
    ssr: { noExternal: true, external: ['koffi', 'tokenizers', 'lz4-napi'], resolve: { conditions: ['source'] } },
    build: {
      ssr: fileURLToPath(new URL('_kill-run-for-tests.ts', import.meta.url)),
      outDir: join(folder, 'script'),
      minify: false,
      rollupOptions: { output: { entryFileNames: 'run.mjs' } },
    },
  });
  script = join(folder, 'script', 'run.mjs');
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts or resumes the run in a process of its own, and kills the process some time after its first step. */
async function runAndKill(run: string, milliseconds: number): Promise<number> {
  const child = fork(script, [run, String(STEPS)], { env: { ...process.env, DPO_KILL_RUN: '1' }, stdio: 'ignore' });
  let reached = 0;
  let timer: NodeJS.Timeout | undefined;
  child.on('message', (step: number) => {
    reached = step;
    timer ??= setTimeout(() => child.kill('SIGKILL'), milliseconds);
  });
  const signal = await new Promise((done) => child.on('exit', (_, by) => done(by)));
  clearTimeout(timer);
  expect(signal, 'the run was over before it was killed').toBe('SIGKILL');
  return reached;
}

it(`a run that is killed at any moment (seed ${SEED}) keeps its checkpoints whole and ends as if it had not been`, async () => {
  const run = join(folder, 'run');
  const draw = random(SEED);
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = (await listCheckpoints(run)).at(-1)?.step ?? 0;
    const reached = await runAndKill(run, 5 + draw() * 60);
    const checkpoints = await listCheckpoints(run);
    // The newest checkpoint is of the process's last step, or of an earlier step that has a checkpoint.
    const newest = checkpoints.at(-1)?.step ?? 0;
    expect(newest).toBeGreaterThanOrEqual(Math.max(before, reached - 3));
    expect(checkpoints.length).toBeLessThanOrEqual(3);
    for (const { path, step } of checkpoints) {
      expect((await checkCheckpoint(path)).state.step).toBe(step);
      for (const file of [path, join(path, 'optimizer.safetensors')]) {
        const tensors = await openSafetensors(file);
        for (const name of tensors.tensors.keys())
          expect([...(await tensors.read(name))].every(Number.isFinite)).toBe(true);
        await tensors.close();
      }
    }
  }
  const resumed = await trainInFolder(run, STEPS, () => undefined);
  expect(await trainInFolder(join(folder, 'whole'), STEPS, () => undefined)).toEqual(resumed);
  // Nothing half written is left.
  expect((await readdir(run)).sort()).toEqual(['checkpoint-238', 'checkpoint-240']);
}, 30_000);

it('ends as if nothing were torn when the newest checkpoint is, and does not remove a later checkpoint', async () => {
  const run = join(folder, 'torn');
  const whole = await trainInFolder(run, 8, () => undefined);
  await truncate(join(run, 'checkpoint-8', 'optimizer.safetensors'), 100);
  await rename(join(run, 'checkpoint-8'), join(run, 'checkpoint-9'));
  const state = join(run, 'checkpoint-9', 'trainer_state.json');
  await writeFile(state, (await readFile(state, 'utf8')).replace('"step": 8', '"step": 9'));
  expect(await trainInFolder(run, 8, () => undefined)).toEqual(whole);
  expect((await readdir(run)).sort()).toEqual(['checkpoint-6', 'checkpoint-8', 'checkpoint-9']);
});
