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

/** Runs a thread of this code, which has `tell` and `heard` (a promise of the signal); the signal comes at its first progress. */
async function apart(code: string): Promise<{ code: number; notes: string[]; out: string[] }> {
  const script = join(folder, 'thread.mjs');
  const begin =
    "import { parentPort, workerData } from 'node:worker_threads';\n" +
    'const tell = (message) => parentPort.postMessage(message);\n' +
    "const heard = new Promise((resolve) => parentPort.on('message', resolve));\n";
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

it('ends a loop that hears nothing, and leaves nothing half written', async () => {
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

it('passes the signal on, and what the command says', async () => {
  const result = await apart(`
    tell({ kind: 'out', line: workerData.args.join(' ') });
    tell({ kind: 'progress', line: '1' });
    await heard;
    tell({ kind: 'note', line: 'ended by itself' });
    tell({ kind: 'ended', code: 130 });
  `);
  expect(result).toEqual({ code: 130, notes: ['ended by itself'], out: ['data x'] });
});

it('says what ended a thread that gave no result', async () => {
  expect((await apart('process.exit(0);')).notes.join()).toContain('ended without a result');
  expect((await apart("throw new Error('at once');")).notes.join()).toContain('at once');
});
