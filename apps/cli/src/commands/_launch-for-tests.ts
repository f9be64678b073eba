import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyModelFolder } from '../_cli-for-tests.js';
import { programFromSources, type RunningProgram, startProgram } from '../_program-for-tests.js';

/** A folder with the program, a tiny model, 23 pairs and judged answers, for tests with several workers. */
export interface LaunchFolder {
  readonly scratch: string;
  readonly model: string;
  /** The options that name the pairs. */
  readonly pairs: readonly string[];
  /** Writes a JSONL file, and returns its path. */
  readonly lines: (name: string, rows: readonly unknown[]) => Promise<string>;
  /** Starts `dpo launch` with one thread to a worker. */
  readonly start: (workers: number, args: readonly string[]) => RunningProgram;
  /** Runs `dpo launch` with one thread to a worker. */
  readonly launch: (
    workers: number,
    args: readonly string[],
  ) => Promise<{ readonly code: number | null; readonly notes: string; readonly out: string }>;
  /** The worker processes of a run, each started on its own, as on several machines. */
  readonly workersOf: (argsOf: readonly (readonly string[])[]) => Promise<RunningProgram[]>;
}

/** Makes the folder; whoever calls removes it. */
export async function launchFolder(): Promise<LaunchFolder> {
  const scratch = await mkdtemp(join(tmpdir(), 'dpo-launch-'));
  const script = await programFromSources(join(scratch, 'program'));
  const model = await tinyModelFolder(join(scratch, 'model'));
  const lines = async (name: string, rows: readonly unknown[]) => {
    const path = join(scratch, name);
    await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return path;
  };
  const rows = Array.from({ length: 23 }, (_, i) => ({
    prompt: `Q${i % 5}:`,
    chosen: ` yes ${i}${'!'.repeat(i % 4)}`,
    rejected: ` no, ${i}`,
  }));
  const pairs = ['--data', await lines('pairs.jsonl', rows)];
  const answers = rows.flatMap(({ prompt, chosen, rejected }, i) => [
    { prompt, completion: chosen, label: true },
    ...(i % 3 > 0 ? [{ prompt, completion: rejected, label: false }] : []),
  ]);
  await lines('answers.jsonl', answers);
  const start = (workers: number, args: readonly string[]) =>
    startProgram(script, ['launch', '--workers', String(workers), '--threads', '1', '--', ...args]);
  return {
    ...{ scratch, model, pairs, lines, start },
    async launch(workers, args) {
      const program = start(workers, args);
      const { code } = await program.ended;
      return { code, notes: program.notes(), out: program.out() };
    },
    async workersOf(argsOf) {
      const hosts = (await Promise.all(argsOf.map(freePort))).map((port) => `127.0.0.1:${port}`);
      return argsOf.map((args, index) => {
        const config = { cluster: { worker: hosts }, task: { type: 'worker', index } };
        return startProgram(script, [...args, '--threads', '1'], { TF_CONFIG: JSON.stringify(config) });
      });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Numbers of a record that are not the same in two runs. */
const ownClock = /^(pairs_per_second|peak_rss_bytes|time\/.*)$/;

/** The records of a run, without the numbers that are not the same in two runs. */
export async function metricsOf(run: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const record = JSON.parse(line) as Record<string, number>;
      return Object.fromEntries(Object.entries(record).filter(([name]) => !ownClock.test(name)));
    });
}

/** The numbers that differ by more than 1e-5, or by more than 1e-5 of their size when their size is above 1. */
export function differences(actual: Record<string, number>[], expected: Record<string, number>[]): string[] {
  if (actual.length !== expected.length) return [`${actual.length} records, not ${expected.length}`];
  return expected.flatMap((record, i) =>
    Object.entries(record).flatMap(([name, value]) => {
      const number = actual[i]?.[name] ?? Number.NaN;
      const isNear = Math.abs(number - value) <= 1e-5 * Math.max(1, Math.abs(value));
      return isNear || number === value ? [] : [`step ${record.step} ${name}: ${number}, not ${value}`];
    }),
  );
}
