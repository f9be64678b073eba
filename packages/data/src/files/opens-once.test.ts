import type { openSync } from 'node:fs';
import { mkdtemp, type open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { readPreferences } from './read.js';
import { writePreferences } from './write.js';

const handles = vi.hoisted((): { closings: number; openings: number } => ({ closings: 0, openings: 0 }));

vi.mock('node:fs/promises', async (load) => {
  const original = await load<typeof import('node:fs/promises')>();
  return {
    ...original,
    async open(...inputs: Parameters<typeof open>) {
      const file = await original.open(...inputs);
      handles.openings++;
      const close = file.close.bind(file);
      file.close = () => {
        handles.closings++;
        return close();
      };
      return file;
    },
  };
});

vi.mock('node:fs', async (load) => {
  const original = await load<typeof import('node:fs')>();
  return {
    ...original,
    openSync(...inputs: Parameters<typeof openSync>) {
      handles.openings++;
      return original.openSync(...inputs);
    },
  };
});

const row = JSON.stringify({ prompt: 'q', chosen: 'a', rejected: 'b' });
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-opens-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => Object.assign(handles, { closings: 0, openings: 0 }));

it.each([
  ['pairs.jsonl', `${row}\n${row}\n`],
  ['pairs.json', `[${row},\n${row}]`],
  ['pairs.csv', 'prompt,chosen,rejected\nq,a,b\n'],
  ['pairs.jsonl.gz', gzipSync(`${row}\n`)],
])('a file is opened once for its kind and once for its rows: %s', async (name, content) => {
  const path = join(folder, name);
  await writeFile(path, content);
  handles.openings = 0;
  await readPreferences(path);
  expect(handles.openings).toBe(2);
});

it('a small Arrow file, too, whose bytes stay in memory', async () => {
  const path = join(folder, 'pairs.arrow');
  await writePreferences([{ prompt: 'q', chosen: 'a', rejected: 'b' }], path);
  handles.openings = 0;
  const dataset = await readPreferences(path);
  expect(dataset.at(0).chosen).toBe('a');
  expect(handles.openings).toBe(2);
});

it.each([
  ['a web page', 'page.jsonl', '<!DOCTYPE html>'],
  ['a row that is no JSON', 'broken.jsonl', `${row}\n{`],
  ['a quote that is never closed', 'open.csv', 'prompt,chosen,rejected\nq,"a'],
  ['a web page behind gzip', 'page.jsonl.gz', gzipSync('<!DOCTYPE html>')],
  ['gzip that is cut off', 'cut.jsonl.gz', gzipSync(`${row}\n`).subarray(0, -9)],
  ['no rows', 'empty.jsonl', ''],
])('and closed when it is refused: %s', async (_, name, content) => {
  const path = join(folder, name);
  await writeFile(path, content);
  await expect(readPreferences(path)).rejects.toThrow(path);
  expect(handles.closings).toBe(handles.openings);
});
