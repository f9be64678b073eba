import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Zstd } from '@hpcc-js/wasm-zstd';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertPreferences } from './convert.js';
import { readLabelled, readPreferences } from './read.js';
import { readJsonValues } from './text/json-values.js';
import { writePreferences } from './write.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-contents-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
async function file(name: string, content: string | Uint8Array): Promise<string> {
  await mkdir(dirname(at(name)), { recursive: true });
  await writeFile(at(name), content);
  return at(name);
}

const pairs = [
  { prompt: 'Name a colour.', chosen: ' Blue.', rejected: ' No.' },
  { prompt: 'Say "four",\nplease: [4]', chosen: ' {4}', rejected: ' \\ fünf ☂' },
];
const lines = pairs.map((pair) => `${JSON.stringify(pair)}\n`).join('');
const readContent = async (name: string, content: string | Uint8Array) => [
  ...(await readPreferences(await file(name, content))),
];
const failure = async (name: string, content: string | Uint8Array) =>
  readPreferences(await file(name, content)).then(
    () => undefined,
    (error: { code: string; message: string; hint?: string }) => error,
  );

describe('JSON in all its forms', () => {
  it.each([
    ['a.json', JSON.stringify(pairs)],
    ['b.jsonl', `\ufeff${JSON.stringify(pairs)}\r\n`],
    ['c.json', JSON.stringify(pairs, null, 2)],
    ['d.jsonl', pairs.map((pair) => JSON.stringify(pair, null, 4)).join('\n')],
    ['e.ndjson', lines],
    ['f.json', lines],
    ['g.jsonlines', `\n\n${lines}`],
  ])('%s', async (name, content) => {
    expect(await readContent(name, content)).toEqual(pairs);
  });

  it.each([
    ['a comma between lines', `${JSON.stringify(pairs[0])},\n${JSON.stringify(pairs[1])}\n`, 'line 1', 'no commas'],
    ['NaN', '{"prompt": "a", "chosen": "b", "rejected": "c", "chosen_score": NaN}\n', 'line 1', 'json.dumps writes it'],
    ['Python', "{'prompt': 'a'}\n", 'line 1', "Python's str()"],
    ['an array without an end', '[\n{"prompt": "a", "chosen": "b", "rejected": "c"}\n', 'line 3', 'one JSON array'],
    ['an element that is damaged', '[\n{"prompt": "a",\n "chosen": x}]', 'line 3', 'whole JSON object'],
    ['an array and more', `${JSON.stringify(pairs)} {}`, 'line 1', 'one JSON array'],
    ['a comma too many', '[{"prompt": "a", "chosen": "b", "rejected": "c"},\n]', 'line 2', 'one JSON array'],
  ])('%s is refused with its line', async (_, content, line, hint) => {
    const error = await failure('x.jsonl', content);
    expect(error?.code).toBe('data.broken-json');
    expect(error?.message).toContain(line);
    expect(error?.hint).toContain(hint);
  });

  it('finds the values of an array however the bytes are divided', async () => {
    const json = fc.jsonValue().filter((value) => value !== null);
    await fc.assert(
      fc.asyncProperty(
        fc.array(json, { maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(4),
        async (values, size, indent) => {
          const bytes = Buffer.from(JSON.stringify(values, null, indent));
          async function* chunks() {
            for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
          }
          const parts: unknown[] = [];
          for await (const part of readJsonValues(chunks(), 'x'))
            parts.push(...part.map(({ text }) => JSON.parse(text)));
          expect(parts).toEqual(JSON.parse(JSON.stringify(values)));
        },
      ),
      { numRuns: 200, seed: 8 },
    );
  });
});

describe('compression, by content', () => {
  it('unpacks gzip of several members, and gzip and Zstandard under any name', async () => {
    const halves = lines.split(/(?<=\n)/).map((line) => gzipSync(line));
    expect(await readContent('a.jsonl.gz', Buffer.concat(halves))).toEqual(pairs);
    expect(await readContent('b.jsonl', gzipSync(lines))).toEqual(pairs);
    expect(await readContent('c.json.gz', gzipSync(JSON.stringify(pairs)))).toEqual(pairs);
    const zstd = (await Zstd.load()).compress(Buffer.from(lines));
    expect(await readContent('d.jsonl.zst', zstd)).toEqual(pairs);
    expect(await readContent('e.jsonl', zstd)).toEqual(pairs);
    expect(await readContent('f.jsonl.gz', lines)).toEqual(pairs);
  });

  it('refuses files that are cut short', async () => {
    const zstd = (await Zstd.load()).compress(Buffer.from(lines));
    expect(await failure('a.jsonl.zst', zstd.subarray(0, zstd.length - 5))).toMatchObject({
      code: 'data.truncated-file',
    });
    expect(await failure('a.jsonl.gz', gzipSync(lines).subarray(0, 40))).toMatchObject({ code: 'data.truncated-file' });
  });
});

describe('files that are something else', () => {
  it.each([
    ['a.parquet', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n', 'data.lfs-pointer'],
    ['b.jsonl', '<!DOCTYPE html>\n<html></html>', 'data.web-page'],
    ['c.jsonl.bz2', 'BZh91AY&SY', 'data.unknown-compression'],
    ['d.csv', 'PK\u0003\u0004xl/workbook', 'data.unknown-compression'],
    ['e.jsonl', Buffer.from('\ufeff{}', 'utf16le'), 'data.invalid-text'],
    ['f.arrow', Buffer.from([0x80, 4, 0x95, 0, 0]), 'data.pickle'],
    ['g.txt', 'prompt', 'data.unknown-format'],
  ])('%s: %#', async (name, content, code) => {
    expect(await failure(name, content)).toMatchObject({ code, message: expect.stringContaining(at(name)) });
  });

  it('reads Arrow under another name', async () => {
    await writePreferences(pairs, at('a.arrow'));
    const { readFile } = await import('node:fs/promises');
    expect(await readContent('b.jsonl', await readFile(at('a.arrow')))).toEqual(pairs);
  });
});

it.skipIf(process.platform === 'win32')('refuses pipes, which can be read once only', async () => {
  execFileSync('mkfifo', [at('pipe.jsonl')]);
  await expect(readPreferences(at('pipe.jsonl'))).rejects.toMatchObject({ code: 'file.not-a-file' });
});

it('reads CSV with tabs and semicolons', async () => {
  const row = (separator: string) => ['Name, please', ' Blue; red', '" ""No"""'].join(separator);
  const expected = [{ prompt: 'Name, please', chosen: ' Blue; red', rejected: ' "No"' }];
  expect(await readContent('a.tsv', `prompt\tchosen\trejected\n${row('\t')}\n`)).toEqual(expected);
  expect(await readContent('b.csv', `"prompt";chosen;rejected\r\n"Name, please";" Blue; red";" ""No"""\r\n`)).toEqual(
    expected,
  );
});

describe('folders and patterns', () => {
  const some = (name: string) => [{ prompt: name, chosen: 'a', rejected: 'b' }];
  const writePair = (path: string) => file(path, `${JSON.stringify(some(path)[0])}\n`);

  it('reads the shards of a split in their order', async () => {
    for (const path of [
      'r/data/train-00010-of-00011.jsonl',
      'r/data/train-00002-of-00011.jsonl',
      'r/data/test-00000-of-00001.jsonl',
    ])
      await writePair(path);
    await file('r/README.md', '# pairs');
    await file('r/dataset_info.json', '{}');
    const prompts = async (path: string, split?: string) =>
      [...(await readPreferences(path, { split }))].map(({ prompt }) => prompt);
    const train = ['r/data/train-00002-of-00011.jsonl', 'r/data/train-00010-of-00011.jsonl'];
    expect(await prompts(at('r'))).toEqual(train);
    expect(await prompts(at('r:test'))).toEqual(['r/data/test-00000-of-00001.jsonl']);
    expect(await prompts(at('r'), 'test')).toEqual(['r/data/test-00000-of-00001.jsonl']);
    expect(await prompts(at('r/data/train-*.jsonl'))).toEqual(train);
    expect((await convertPreferences(at('r:test'), at('out.jsonl'))).rows).toBe(1);
    await expect(readPreferences(at('r:validation'))).rejects.toMatchObject({
      code: 'data.no-such-split',
      hint: expect.stringContaining('"test", "train"'),
    });
    await expect(readPreferences(at('r/data/*.parquet'))).rejects.toMatchObject({ code: 'file.not-found' });
  });

  it('reads a file once when links to folders lead to it twice, and a file with a star in its name', async () => {
    await writePair('s/a.jsonl');
    await writePair('s/deep/b*.jsonl');
    await symlink(at('s'), at('s/again'));
    await symlink(at('s/a.jsonl'), at('s/same.jsonl'));
    const prompts = async (path: string) => [...(await readPreferences(path))].map(({ prompt }) => prompt);
    // A link to a file is a shard of its own.
    expect(await prompts(at('s/**/*.jsonl'))).toEqual(['s/a.jsonl', 's/deep/b*.jsonl', 's/a.jsonl']);
    await writePair('s/deep/bc.jsonl');
    expect(await prompts(at('s/deep/b*.jsonl'))).toEqual(['s/deep/b*.jsonl']);
  });

  it('reads splits out of names as Python does, and takes files without a split for the training data', async () => {
    for (const path of [
      'a/train.jsonl',
      'a/dev.jsonl',
      'b/one.jsonl',
      'b/two.jsonl',
      'c/val/0.jsonl',
      'c/train/0.jsonl',
    ])
      await writePair(path);
    const first = async (path: string) => (await readPreferences(at(path))).at(0).prompt;
    expect(await first('a:validation')).toBe('a/dev.jsonl');
    expect((await readPreferences(at('b'))).length).toBe(2);
    expect((await readPreferences(at('b:train'))).length).toBe(2);
    expect(await first('c:validation')).toBe('c/val/0.jsonl');
    expect(await first('c')).toBe('c/train/0.jsonl');
  });

  it('refuses folders with files of two formats, empty folders, and splits of single files', async () => {
    await writePair('m/train.jsonl');
    await file('m/train.csv', 'prompt,chosen,rejected\na,b,c\n');
    await expect(readPreferences(at('m'))).rejects.toMatchObject({ code: 'data.mixed-files' });
    await mkdir(at('none'));
    await expect(readPreferences(at('none'))).rejects.toMatchObject({ code: 'data.not-a-dataset-folder' });
    await expect(readPreferences(await writePair('one.jsonl'), { split: 'test' })).rejects.toMatchObject({
      code: 'data.no-such-split',
    });
  });

  it('reads judged answers from folders as well', async () => {
    await file('k/train.csv', 'prompt,completion,label\na,b,True\n');
    expect([...(await readLabelled(at('k')))]).toEqual([{ prompt: 'a', completion: 'b', label: true }]);
  });
});
