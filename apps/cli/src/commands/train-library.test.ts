// The quick start of the README and the sink of `@dpo/run`'s README, run unchanged.
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { trainRun } from '@dpo/run';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

const home = process.cwd();
// The code lies beside the sources, so that packages are found and types are stripped.
const code = fileURLToPath(new URL(`../../dist/readme-${process.pid}`, import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-quick-start-'));
  await tinyModelFolder(join(folder, 'my-model'));
  await pairsFile(folder);
  await mkdir(code, { recursive: true });
  process.chdir(folder);
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
  await rm(code, { recursive: true, force: true });
});

/** The first block of TypeScript in a page that has this word. */
async function block(page: string, word: string): Promise<string> {
  const text = await readFile(new URL(`../../../../${page}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, content = '']) => content);
  const first = blocks.find((content) => content.includes(word));
  if (first === undefined) throw new Error(`${page} has no example with ${word}.`);
  return first;
}

/** Runs a block, and returns the lines that the block prints. */
async function run(name: string, content: string): Promise<unknown[][]> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const path = join(code, `${name}.ts`);
  await writeFile(path, content);
  await import(pathToFileURL(path).href);
  return log.mock.calls;
}

/** The records of a run without the numbers about the machine. */
async function records(name: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(join(folder, name, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => {
    const { pairs_per_second: _, peak_rss_bytes: __, ...rest } = JSON.parse(line) as Record<string, unknown>;
    return rest;
  });
}

it('the quick start takes ten lines and two packages at most, and gives the numbers of dpo train', async () => {
  const quick = await block('README.md', 'trainRun');
  expect(quick.trim().split('\n').length).toBeLessThanOrEqual(10);
  expect(new Set([...quick.matchAll(/from '([^']+)'/g)].map(([, name]) => name)).size).toBeLessThanOrEqual(2);
  const lines = await run('quick-start', quick);

  const same = ['train', '--model', './my-model', '--data', 'pairs.jsonl', '--learning-rate', '5e-6'];
  expect((await runCli([...same, '--output', 'runs/command'])).code).toBe(0);
  const [library, command] = [await records('runs/first'), await records('runs/command')];
  expect(library).toEqual(command);
  expect(library.length).toBeGreaterThan(0);
  expect(lines.flat()).toContain(library.at(-1)?.loss);
});

it('the sink of the README gets each step', async () => {
  const lines = await run('sink', await block('packages/run/README.md', 'Sink'));
  const losses = (await records('runs/watched')).map(({ step, loss }) => `${step}: ${loss}`);
  expect(lines.flat()).toEqual(expect.arrayContaining(losses));
});

it('trainRun guards its outputs, as the command does, and names options by their keys', async () => {
  const config = { model: './my-model', data: 'pairs.jsonl', engine: 'cpu' as const };
  await mkdir('thesis');
  await writeFile('thesis/chapter.txt', 'years of work');
  await expect(trainRun({ ...config, output: 'thesis' })).rejects.toMatchObject({ code: 'run.not-ours' });
  await expect(trainRun({ ...config, output: 'my-model' })).rejects.toMatchObject({ code: 'run.not-ours' });
  await expect(trainRun({ ...config, output: 'new', loraAlpha: 4 })).rejects.toMatchObject({
    code: 'cli.usage',
    message: 'loraAlpha is about a new adapter: it needs loraRank.',
  });
  await expect(trainRun({ ...config, output: 'runs/first' })).rejects.toMatchObject({ code: 'run.exists' });
  expect(await readFile('thesis/chapter.txt', 'utf8')).toBe('years of work');
});

it('ends at its signal with a checkpoint, closes its sinks, and goes on from there', async () => {
  const config = {
    ...{ model: './my-model', data: 'pairs.jsonl', output: 'runs/stopped', engine: 'cpu' as const },
    ...{ maxSteps: 3, batchSize: 4, tensorboard: false },
  };
  const controller = new AbortController();
  const steps: number[] = [];
  let closed = 0;
  const sink = {
    record: ({ step }: { readonly step: number }) => {
      steps.push(step);
      if (step === 2) controller.abort();
    },
    close: () => void closed++,
  };
  const first = await trainRun(config, { sinks: [sink], signal: controller.signal });
  expect(first).toMatchObject({
    interrupted: true,
    steps: 3,
    folder: join(await realpath('runs'), 'stopped/checkpoint-2'),
  });
  const rest = await trainRun({ ...config, resume: true }, { sinks: [sink] });
  expect(rest).toMatchObject({ interrupted: false, folder: join(await realpath('runs'), 'stopped/final') });
  expect([steps, closed]).toEqual([[1, 2, 3], 2]);
});
