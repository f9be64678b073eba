import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { removeUnfinished } from '@dpo/base/files';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runApart } from './run-apart.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-apart-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Runs code in a thread. The code has `tell`, which sends a message, and `signal`, a promise of the signal. The signal comes at
 * the first progress.
 */
async function apart(code: string): Promise<{ code: number; notes: string[]; out: string[] }> {
  const script = join(folder, 'thread.mjs');
  const begin =
    "import { parentPort, workerData } from 'node:worker_threads';\n" +
    'const tell = (message) => parentPort.postMessage(message);\n' +
    "const signal = new Promise((resolve) => parentPort.on('message', resolve));\n";
  await writeFile(script, begin + code);
  const controller = new AbortController();
  const [notes, out]: [string[], string[]] = [[], []];
  const context = {
    interactive: false,
    program: 'dpo',
    signal: controller.signal,
    out: (line: string) => out.push(line),
    note: (line: string) => notes.push(line),
    progress: () => controller.abort(),
  };
  return { code: await runApart(['data', 'x'], context, pathToFileURL(script)), notes, out };
}

it('ends a loop that never sees the signal, and leaves nothing half written', async () => {
  const half = join(folder, 'half');
  await writeFile(half, 'x');
  const { code, notes } = await apart(
    `tell({ kind: 'unfinished', path: ${JSON.stringify(half)} }); tell({ kind: 'progress', line: '1' }); for (;;);`,
  );
  expect(code).toBe(130);
  expect(notes).toEqual(['Interrupted.']);
  removeUnfinished();
  expect(existsSync(half)).toBe(false);
});

it('passes on the signal and the lines of the command', async () => {
  const result = await apart(`
    tell({ kind: 'out', line: workerData.args.join(' ') });
    tell({ kind: 'progress', line: '1' });
    await signal;
    tell({ kind: 'note', line: 'ended by itself' });
    tell({ kind: 'ended', code: 130 });
  `);
  expect(result).toEqual({ code: 130, notes: ['ended by itself'], out: ['data x'] });
});

it('says what ended a thread that gave no result', async () => {
  expect((await apart('process.exit(0);')).notes.join()).toContain('ended without a result');
  expect((await apart("throw new Error('at once');")).notes.join()).toContain('at once');
});
