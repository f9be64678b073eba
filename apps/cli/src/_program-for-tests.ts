import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
/** Native modules cannot be bundled: the program loads them from the engine's dependencies. */
const native = createRequire(join(repository, 'packages/engine/package.json')).resolve('koffi');

/**
 * Bundles the program from the sources into a folder, laid out as it is published, and returns the path of the script. A test
 * that sends signals needs plain JavaScript: a process of its own runs without the tests' transformer.
 */
export async function programFromSources(folder: string): Promise<string> {
  const build = await rolldown({
    input: {
      main: join(repository, 'apps/cli/src/main.ts'),
      'command-thread': join(repository, 'apps/cli/src/command-thread.ts'),
      'parquet-worker': join(repository, 'packages/data/src/files/parquet/parquet-worker.ts'),
      'encode-worker': join(repository, 'packages/models/src/tokenizer/encode-worker.ts'),
      'rater-page': join(repository, 'packages/eval/src/human/rater-page.ts'),
    },
    platform: 'node',
    resolve: { conditionNames: ['source', 'node', 'import'], extensionAlias: { '.js': ['.ts', '.js'] } },
    external: [native, 'lz4-napi', 'tokenizers'],
    plugins: [{ name: 'native', resolveId: (id) => (id === 'koffi' ? { id: native, external: true } : undefined) }],
    logLevel: 'silent',
  });
  const place = join(folder, 'dist', 'bundle');
  await build.write({ dir: place, format: 'esm' });
  await build.close();
  await copyFile(join(repository, 'apps/cli/package.json'), join(folder, 'package.json'));
  return join(place, 'main.js');
}

/** A process of the program, with its lines on standard error. */
export interface RunningProgram {
  readonly child: ChildProcess;
  /** The text on standard error so far. */
  readonly notes: () => string;
  /** The text on standard output so far. */
  readonly out: () => string;
  /** Resolves when standard error has the text. Rejects when the process ends without it. */
  readonly says: (text: string) => Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts the program in a process of its own. */
export function startProgram(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProgram {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Under npm a second signal may be an echo of the first.
    env: { ...process.env, npm_lifecycle_event: undefined, ...env },
  });
  let text = '';
  const waiting: (() => void)[] = [];
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    for (const look of waiting) look();
  });
  let results = '';
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    results += piece;
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  const says = (part: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => text.includes(part) && resolve();
      waiting.push(look);
      look();
      void ended.then(() =>
        text.includes(part) ? resolve() : reject(new Error(`The program ended without "${part}":\n${text}`)),
      );
    });
  return { child, notes: () => text, out: () => results, says, ended };
}
