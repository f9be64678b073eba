import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
/** Native modules cannot be bundled: they are loaded from where the engine has them. */
const native = createRequire(join(repository, 'packages/engine/package.json')).resolve('koffi');

/**
 * The program as a user starts it, made of the sources as they are now: plain JavaScript in a few files, since a process that gets
 * signals runs without the tests' transformer. Writes it as it is published into a folder,
 * and returns the path of the script.
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

/** A process of the program, with what it says. */
export interface RunningProgram {
  readonly child: ChildProcess;
  /** All that it has written to standard error so far. */
  readonly said: () => string;
  /** Resolves once it has written this. */
  readonly says: (text: string) => Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts the program in a process of its own. */
export function startProgram(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProgram {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Under npm a second signal may be an echo of the first.
    env: { ...process.env, npm_lifecycle_event: undefined, ...env },
  });
  let text = '';
  const waiting: (() => void)[] = [];
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    for (const look of waiting) look();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  const says = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => text.includes(wanted) && resolve();
      waiting.push(look);
      look();
      void ended.then(() =>
        text.includes(wanted) ? resolve() : reject(new Error(`It ended without "${wanted}":\n${text}`)),
      );
    });
  return { child, said: () => text, says, ended };
}
