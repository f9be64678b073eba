import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from './define.js';
import { runCommand } from './run.js';

/** The exit code and the notes of a command whose work is `run`. */
async function running(run: () => Promise<number | undefined>): Promise<{ code: number; notes: string[] }> {
  const notes: string[] = [];
  const context = {
    interactive: false,
    program: 'dpo',
    signal: new AbortController().signal,
    out: () => undefined,
    note: (line: string) => notes.push(line),
    progress: () => undefined,
  };
  const command = defineCommand({ name: 'try', summary: '', options: z.strictObject({}), run });
  return { code: await runCommand([command], ['try'], context, '0.0.0'), notes };
}

it('calls no error of the system a defect, even when no code of ours names the error', async () => {
  const path = `/tmp/${'x'.repeat(300)}`;
  expect(await running(() => readFile(path).then(() => 0))).toEqual({
    code: 1,
    notes: [`Error: ${path} has a name that is too long.`, '  Choose a shorter name.'],
  });
});

it('shows the stack of an error of ours', async () => {
  const { code, notes } = await running(() => Promise.reject(new TypeError('of ours')));
  expect(code).toBe(1);
  expect(notes.join()).toContain('This is a defect of dpo');
});
