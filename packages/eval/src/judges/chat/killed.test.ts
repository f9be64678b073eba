import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { random } from '@dpo/base';
import { isThere } from '@dpo/base/files';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ChatServer, completion, isTrial, type ServedRequest } from '../../test/chat-server.js';
import { readVerdicts } from '../../verdicts/read-verdicts.js';
import { winRateReport } from '../../winrate/win-rate-report.js';
import { AT_A_TIME, judgeInFolder, pairsToKill } from './_kill-judging-for-tests.js';

const KILLS = 20;
/** When the kills come. */
const SEED = 18;

let folder: string;
let script: string;
let server: ChatServer;
let address: string;
/** A process that can be killed runs plain JavaScript: the sources in one file, made by the bundler that vitest brings. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-killed-judging-'));
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const { build } = await import(pathToFileURL(createRequire(vitest).resolve('vite')).href);
  await build({
    configFile: false,
    logLevel: 'silent',
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    ssr: { noExternal: true, external: ['lz4-napi'], resolve: { conditions: ['source'] } },
    build: {
      ssr: fileURLToPath(new URL('_kill-judging-for-tests.ts', import.meta.url)),
      outDir: join(folder, 'script'),
      minify: false,
      rollupOptions: { output: { entryFileNames: 'run.mjs' } },
    },
  });
  script = join(folder, 'script', 'run.mjs');
  server = new ChatServer(() => ({ body: completion('Verdict: A') }));
  address = await server.start();
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The label of the answer that begins with "good". */
function upright({ text }: ServedRequest): string {
  return text.indexOf('good') < text.indexOf('poor') ? 'A' : 'B';
}

it(`a judging that is killed at ${KILLS} moments (seed ${SEED}) loses no verdict and counts none twice`, async () => {
  const draw = random(SEED);
  let questions = 0;
  let killAt = Number.POSITIVE_INFINITY;
  let before = true;
  let child: ChildProcess | undefined;
  server.behave = async (question) => {
    if (isTrial(question)) return { body: completion('Verdict: A') };
    const dies = ++questions === killAt;
    // Killed before the reply is sent, or some moments after: while the process reads and writes it.
    if (dies && before) child?.kill('SIGKILL');
    if (dies && !before) setTimeout(() => child?.kill('SIGKILL'), draw() * 4);
    return { body: completion(`Verdict: ${upright(question)}`) };
  };
  for (let kill = 0; kill < KILLS; kill++) {
    killAt = questions + 1 + Math.floor(draw() * 8);
    before = draw() < 0.5;
    child = fork(script, [address, folder], { env: { ...process.env, DPO_KILL_JUDGING: '1' }, stdio: 'ignore' });
    const signal = await new Promise((done) => child?.on('exit', (_, by) => done(by)));
    expect(signal, 'the judging was over before it was killed').toBe('SIGKILL');
  }
  killAt = Number.POSITIVE_INFINITY;
  const file = join(folder, 'verdicts.jsonl');
  expect(await isThere(file)).toBe(true);
  await judgeInFolder(address, folder);

  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const { verdicts, torn } = await readVerdicts(file);
  const keys = verdicts.map(({ prompt_id, first, repetition }) => `${prompt_id} ${first} ${repetition}`);
  const count = 2 * pairsToKill.length * 1.05;
  expect([lines.length, new Set(keys).size, torn]).toEqual([count, count, false]);
  expect(winRateReport(verdicts)).toMatchObject({ raw: { rate: 0.5 }, panel: { consistency: 1 } });
  // Only what was on its way at a kill is asked again.
  expect(questions).toBeLessThanOrEqual(count + KILLS * AT_A_TIME);
}, 120_000);
