import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DpoError } from '@dpo/base';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyPairs } from '../test/index.js';
import { errorOf } from './_error-of-for-tests.js';
import { convertPreferences } from './convert.js';
import { readPreferences } from './read.js';
import type { ReadOptions } from './read-file.js';
import { writePreferences, writeRanked } from './write.js';

const fixtures = fileURLToPath(new URL('../../../../tooling/parity/fixtures/datasets/', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-data-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let places = 0;
const place = (ending: string) => join(folder, `${places++}${ending}`);

async function readText(text: string | Uint8Array, ending = '.jsonl', options: ReadOptions = {}) {
  const path = place(ending);
  await writeFile(path, text);
  return readPreferences(path, options);
}

const formats = ['.arrow', '.jsonl', '.jsonl.gz', ''] as const;
const plainFormats = [...formats, '.csv'] as const;

describe('JSON lines', () => {
  const good = '{"prompt": "a", "chosen": "b", "rejected": "c"}';

  it('takes blank lines, Windows line ends, a byte-order mark and a missing last line end', async () => {
    const dataset = await readText(`\ufeff${good}\r\n\n  \n${good}`);
    expect(dataset.length).toBe(2);
  });

  it('takes lines longer than a piece of reading', async () => {
    const long = 'é'.repeat(1_500_000);
    const line = JSON.stringify({ prompt: 'a', chosen: long, rejected: 'c' });
    const dataset = await readText(`${good}\n${line}\n${good}\n`);
    expect(dataset.at(1).chosen).toBe(long);
  });

  it('maps columns', async () => {
    const dataset = await readText('{"question": "a", "better": "b", "rejected": "c"}', '.jsonl', {
      columns: { prompt: 'question', chosen: 'better' },
    });
    expect(dataset.at(0)).toEqual({ prompt: 'a', chosen: 'b', rejected: 'c' });
  });

  it('names file, line and column of a broken line', async () => {
    const error = await errorOf(() => readText(`${good}\n\n{"prompt": "a", "chosen" "b"}\n`));
    expect(error.code).toBe('data.broken-json');
    expect(error.values).toMatchObject({ line: 3, column: 26, expected: '":"' });
    expect(error.message).toMatch(/\.jsonl, line 3, column 26: expected ":", found """\./);
  });

  it('names file, line and key of a row without an answer, and the nearest key', async () => {
    const error = await errorOf(() => readText(`${good}\n{"prompt": "a", "chosen": "b", "rejectd": "c"}\n`));
    expect(error.code).toBe('data.missing-column');
    expect(error.values).toMatchObject({ line: 2, row: 1, key: 'rejected', nearest: 'rejectd' });
    expect(error.message).toMatch(/\.jsonl, line 2: the key "rejected" is missing\./);
    expect(error.hint).toMatch(/"rejectd"/);
  });

  it.each([
    ['data.empty-answer', '{"prompt": "a", "chosen": "", "rejected": "c"}'],
    ['data.wrong-type', '{"prompt": "a", "chosen": 1, "rejected": "c"}'],
    ['data.missing-column', '{"prompt": "a", "chosen": null, "rejected": "c"}'],
    ['data.broken-row', '[1]'],
    ['data.invalid-text', '{"prompt": "\\ud800", "chosen": "b", "rejected": "c"}'],
    [
      'data.mixed-rows',
      '{"prompt": [{"role": "u", "content": "a"}], "chosen": [{"role": "a", "content": "b"}], "rejected": [{"role": "a", "content": "c"}]}',
    ],
  ])('refuses a row with %s', async (code, line) => {
    const error = await errorOf(() => readText(`${good}\n${line}\n`));
    expect([error.code, error.values.line]).toEqual([code, 2]);
  });

  it('names the line that is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(`${good}\n\n`), Buffer.from([0x22, 0xff, 0x22, 0x0a])]);
    const error = await errorOf(() => readText(bytes));
    expect([error.code, error.values.line]).toEqual(['data.invalid-text', 3]);
  });

  it('tells a gzip file cut short from a damaged one, and reads plain text under the name .gz', async () => {
    const zipped = gzipSync(Buffer.from(`${good}\n`.repeat(100)));
    expect((await readText(zipped, '.jsonl.gz')).length).toBe(100);
    expect((await errorOf(() => readText(zipped.subarray(0, 40), '.jsonl.gz'))).code).toBe('data.truncated-file');
    const damaged = Buffer.from(zipped).fill(0xff, 12, 30);
    expect((await errorOf(() => readText(damaged, '.jsonl.gz'))).code).toBe('data.broken-file');
    expect((await readText(good, '.jsonl.gz')).length).toBe(1);
  });

  it('refuses an empty file', async () => {
    expect((await errorOf(() => readText(''))).code).toBe('data.empty-dataset');
    expect((await errorOf(() => readText('\n\n'))).code).toBe('data.empty-dataset');
  });
});

describe('CSV', () => {
  const header = 'prompt,chosen,rejected,chosen_score\n';

  it('takes quotes, line ends within quotes, blank lines and absent values', async () => {
    const dataset = await readText(`\ufeff${header}"a ""b"", c","d\r\ne",f,1.5\r\n\n,"g",h,`, '.csv');
    expect([...dataset]).toEqual([
      { prompt: 'a "b", c', chosen: 'd\r\ne', rejected: 'f', chosenScore: 1.5 },
      { prompt: '', chosen: 'g', rejected: 'h' },
    ]);
  });

  it.each([
    ['data.ragged-row', 'a,b,c\n', 2],
    ['data.ragged-row', '"a\n",b,c,1\na,b,c,1,2\n', 4],
    ['data.broken-csv', 'a,b"c,d,1\n', 2],
    ['data.broken-csv', 'a,"b"c,d,1\n', 2],
    ['data.broken-csv', 'a,b,"c,1\n', 3],
    ['data.broken-csv', 'a,b\rc,d,1\n', 2],
    ['data.wrong-type', 'a,b,c,high\n', 2],
    ['data.empty-answer', 'a,,c,1\n', 2],
  ])('refuses with %s: %j', async (code, text, line) => {
    const error = await errorOf(() => readText(header + text, '.csv'));
    expect([error.code, error.values.line]).toEqual([code, line]);
  });

  it('holds conversations as JSON, and Parquet is not written', async () => {
    const chat = await readPreferences(join(fixtures, 'chat'));
    const path = place('.csv');
    await writePreferences(chat, path);
    expect([...(await readPreferences(path))]).toEqual([...chat]);
    expect((await errorOf(() => writePreferences(chat, place('.parquet')))).code).toBe('data.unknown-format');
  });
});

describe('bad input', () => {
  it('refuses paths that lead nowhere', async () => {
    expect((await errorOf(() => readPreferences(join(folder, 'nowhere.arrow')))).code).toBe('file.not-found');
    expect((await errorOf(() => readPreferences(join(folder, 'nowhere')))).code).toBe('file.not-found');
    const error = await errorOf(() => readText('', '.jsonx'));
    expect([error.code, error.hint]).toEqual(['data.unknown-format', expect.stringContaining('Did you mean .jsonl?')]);
    const empty = place('');
    await mkdir(empty);
    expect((await errorOf(() => readPreferences(empty))).code).toBe('data.not-a-dataset-folder');
  });

  it('names columns that are missing or of another type', async () => {
    const path = place('.arrow');
    await writeRanked([{ prompt: 'p', responses: ['a', 'b'], scores: [1, 2] }], path);
    const missing = await errorOf(() => readPreferences(path));
    expect([missing.code, missing.values.key]).toEqual(['data.missing-column', 'chosen']);
    const wrong = await errorOf(() => readPreferences(path, { columns: { chosen: 'scores', rejected: 'scores' } }));
    expect([wrong.code, wrong.values.key]).toEqual(['data.wrong-type', 'scores']);
  });

  it.each(['.arrow', ''])('refuses a half-written file at any length: "%s"', async (ending) => {
    const path = place(ending);
    await writePreferences(tinyPairs(), path);
    const file = ending === '' ? join(path, 'data-00000-of-00001.arrow') : path;
    const { size } = await stat(file);
    for (const length of [0, 1, 7, 8, 100, Math.floor(size / 2), size - 9, size - 8, size - 1]) {
      const whole = await readFile(file);
      await truncate(file, length);
      expect(['data.truncated-file', 'data.broken-file']).toContain((await errorOf(() => readPreferences(path))).code);
      await writeFile(file, whole);
    }
  });

  it('writes nothing when reading or a row fails', async () => {
    const input = place('.jsonl');
    await writeFile(input, `${'{"prompt": "a", "chosen": "b", "rejected": "c"}\n'.repeat(3000)}{"prompt": "a"}\n`);
    for (const ending of plainFormats) {
      const out = join(place(''), `out${ending}`);
      expect((await errorOf(() => convertPreferences(input, out))).code).toBe('data.missing-column');
      expect(await readdir(join(out, '..')).catch(() => [])).toEqual([]);
    }
    expect((await errorOf(() => writePreferences([], place('.jsonl')))).code).toBe('data.empty-dataset');
    expect((await errorOf(() => writePreferences(tinyPairs(), place('.txt')))).code).toBe('data.unknown-format');
  });
});

describe('fuzzing', () => {
  const onlyTyped = async (path: string): Promise<void> => {
    try {
      const dataset = await readPreferences(path);
      expect(dataset.length).toBeGreaterThan(0);
    } catch (error) {
      expect(DpoError.is(error), String(error)).toBe(true);
    }
  };

  it.each(plainFormats)('damaged bytes give a dataset or a typed error: "%s"', async (ending) => {
    const path = place(ending);
    await writePreferences(tinyPairs(), path);
    const file = ending === '' ? join(path, 'data-00000-of-00001.arrow') : path;
    const whole = await readFile(file);
    const damage = fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), byte: fc.nat({ max: 255 }) }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = Buffer.from(whole);
        for (const { at, byte } of changes) bytes[Math.floor(at * bytes.length)] = byte;
        await writeFile(file, bytes);
        await onlyTyped(path);
      }),
      { numRuns: 150 },
    );
  });

  it('damaged Parquet gives a dataset or a typed error', async () => {
    const path = place('.parquet');
    const whole = await readFile(join(fixtures, 'plain.parquet'));
    await writeFile(path, whole.subarray(0, whole.length - 7));
    expect((await errorOf(() => readPreferences(path))).code).toBe('data.truncated-file');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 5 }), fc.nat({ max: 255 }), async (at, byte) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        await writeFile(path, bytes);
        await onlyTyped(path);
      }),
      // The same damage each time: in a run from the sources no thread of its own ends the damage that makes reading endless.
      { numRuns: 100, seed: 7 },
    );
  });

  it('any lines of JSON give a dataset or a typed error', async () => {
    const path = place('.jsonl');
    const value = fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 3 }));
    const row = fc.record({ prompt: value, chosen: value, rejected: value }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(row, fc.jsonValue()), { maxLength: 4 }), async (rows) => {
        await writeFile(path, rows.map((each) => JSON.stringify(each)).join('\n'));
        await onlyTyped(path);
      }),
      { numRuns: 150 },
    );
  });
});
