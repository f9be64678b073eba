import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepWarnings } from './kept-warnings.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-warnings-'));
  path = join(folder, 'warnings.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const warning = (step: number) => JSON.stringify({ code: 'rewards-stuck', step, message: 'm', hint: 'h' });

it('keeps warnings up to the step, and no damaged line', async () => {
  await writeFile(path, [warning(0), 'null', '7', warning(20), '\0\0', warning(21), '{"code":"re'].join('\n'));
  await keepWarnings(path, 20);
  expect(await readFile(path, 'utf8')).toBe(`${warning(0)}\n${warning(20)}\n`);
});

it('removes the file for a run that begins, and makes no new file', async () => {
  await writeFile(path, warning(3));
  await keepWarnings(path, 0);
  await keepWarnings(path, 5);
  expect(await readdir(folder)).toEqual([]);
});
