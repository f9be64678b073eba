import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorOf } from './_error-of-for-tests.js';
import { readPreferences } from './read.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-text-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file that begins with `head` and goes on with so many MiB of one letter. */
async function longFile(name: string, head: string, mebibytes: number): Promise<string> {
  const path = join(folder, name);
  const file = await open(path, 'w');
  await file.write(head);
  const letters = Buffer.alloc(2 ** 20, 'x');
  for (let i = 0; i < mebibytes; i++) await file.write(letters);
  await file.close();
  return path;
}

const good = '{"prompt": "a", "chosen": "b", "rejected": "c"}\n';

it('a line without end is refused with its number, before it fills the memory', async () => {
  const error = await errorOf(async () => readPreferences(await longFile('long.jsonl', `${good}\n{"prompt": "`, 130)));
  expect([error.code, error.values.line]).toEqual(['data.line-too-long', 3]);
});

it('a quoted field without end is refused with the line where it begins', async () => {
  const error = await errorOf(async () =>
    readPreferences(await longFile('long.csv', 'prompt,chosen,rejected\na,b,c\na,"b\n\n', 130)),
  );
  expect(error.code).toBe('data.broken-csv');
  expect(error.message).toMatch(/a field is longer than \d+ characters, since the quote in line 3/);
});

it('a row of fields without end is refused', async () => {
  const path = join(folder, 'wide.csv');
  await writeFile(path, `prompt,chosen,rejected\n${','.repeat(1_000_000)}\n`);
  expect((await errorOf(() => readPreferences(path))).message).toMatch(/line 2: a row has more than 100000 fields/);
});

it.each([
  ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
])('JSON nested without end is refused with its line: %s', async (_, deep) => {
  const path = join(folder, 'deep.jsonl');
  const rows = [
    `{"prompt": "a", "chosen": "b", "rejected": ${deep}}`,
    `{"prompt": "a", "chosen": "b", "rejected": "c", "tools": ${deep}}`,
    `{"prompt": [{"role": "user", "content": "a", "x": ${deep}}], "chosen": [{"role": "assistant", "content": "b"}], "rejected": [{"role": "assistant", "content": "c"}]}`,
    deep,
  ];
  for (const row of rows) {
    await writeFile(path, `${good}${row}\n`);
    const error = await errorOf(() => readPreferences(path));
    expect([error.code, error.values.line]).toEqual(['data.broken-json', 2]);
    expect(error.message).toMatch(/nested more than 100 deep/);
  }
  // The same for JSON within a text.
  const tools = JSON.stringify(deep);
  await writeFile(
    path,
    `${good}{"prompt": [{"role": "user", "content": "a"}], "chosen": [{"role": "assistant", "content": "b"}], "rejected": [{"role": "assistant", "content": "c"}], "tools": ${tools}}\n`,
  );
  expect((await errorOf(() => readPreferences(path))).values.line).toBe(2);
});

it('names of keys without end, and a million keys, make short messages', async () => {
  const path = join(folder, 'keys.jsonl');
  const keys = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`key ${i}`, 1]));
  for (const row of [{ ['k'.repeat(1_000_000)]: 1, prompt: 'a' }, keys, { ...keys, prompt: 'a', chosen: 'b' }]) {
    await writeFile(path, `${JSON.stringify(row)}\n`);
    const error = await errorOf(() => readPreferences(path));
    expect(error.message.length + (error.hint?.length ?? 0)).toBeLessThan(4500);
    expect(error.values.line).toBe(1);
  }
});
