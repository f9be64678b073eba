import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPreferences } from '@dpo/data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-build-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('dpo data build hh', () => {
  const rows = ['Yes', 'No'].map((word) => ({
    chosen: `\n\nHuman: Well?\n\nAssistant: ${word}.`,
    rejected: `\n\nHuman: ${word === 'No' ? 'Oh' : 'Well'}?\n\nAssistant: Hm.`,
  }));

  it('stops at a row that cannot be used, and with --on-error skip counts and lists it', async () => {
    const [input, output] = [join(folder, 'hh.jsonl'), join(folder, 'hh.arrow')];
    await writeFile(input, rows.map((row) => JSON.stringify(row)).join('\n'));
    const stopped = await runCli(['data', 'build', 'hh', input, output]);
    expect(stopped.code).toBe(1);
    expect(stopped.notes.join('\n')).toContain('line 2');
    await expect(stat(output)).rejects.toThrow('ENOENT');

    const skipped = await runCli(['data', 'build', 'hh', input, output, '--on-error', 'skip']);
    expect(skipped.code).toBe(0);
    expect(skipped.notes).toEqual([
      `Wrote 1 pairs to ${output}.`,
      'Left out 1 row:',
      expect.stringContaining('line 2: the texts before the last answers differ'),
    ]);
    expect((await readPreferences(output)).at(0).chosen).toBe(' Yes.');

    await writeFile(input, JSON.stringify({ ...rows[0], chosen: '\n\nHuman: Well?\n\nAssistant:' }));
    const { notes } = await runCli(['data', 'build', 'hh', input, join(folder, 'empty.arrow')]);
    expect(notes.join('\n')).toMatch(/line 1: "chosen" is empty\.[\s\S]*--on-error skip/);
  });
});
