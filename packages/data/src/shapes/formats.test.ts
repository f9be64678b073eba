import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DpoError } from '@dpo/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertPreferences } from '../files/convert.js';
import { readLabelled, readPreferences } from '../files/read.js';

/** Written by Python's pyarrow and datasets: tooling/parity/datasets.py. */
const shapes = fileURLToPath(new URL('../../../../tooling/parity/fixtures/datasets/shapes/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-shapes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
let places = 0;
const place = (ending: string) => join(folder, `${++places}${ending}`);

describe.each(['.parquet', ''])('shapes of pairs as Python wrote them: "%s"', (ending) => {
  const readShape = async (name: string) => [...(await readPreferences(join(shapes, `${name}${ending}`)))];

  it('instruction, input and two outputs', async () => {
    expect(await readShape('instruction')).toEqual([
      { prompt: 'Name a colour.\n\nA warm one.', chosen: 'Red', rejected: 'Blue' },
      { prompt: 'Add.', chosen: '3', rejected: '4' },
    ]);
  });

  it('UltraFeedback with scored completions', async () => {
    expect((await readShape('ultrafeedback'))[1]).toEqual({
      prompt: 'Task 1',
      chosen: 'best 1',
      rejected: 'worst 1',
      source: 'evol',
      chosenScore: 4.5,
      rejectedScore: 1.25,
    });
  });

  it('UltraFeedback binarized, with its scores', async () => {
    expect((await readShape('binarized'))[1]).toEqual({
      prompt: [{ role: 'user', content: 'Hi' }],
      chosen: [{ role: 'assistant', content: 'Hello 1' }],
      rejected: [{ role: 'assistant', content: 'No' }],
      chosenScore: 8.5,
      rejectedScore: 3,
    });
  });

  it('judged answers are answers, and no pairs', async () => {
    expect([...(await readLabelled(join(shapes, `kto${ending}`)))]).toEqual([
      { prompt: 'p', completion: 'good', label: true },
      { prompt: 'q', completion: 'bad', label: false },
    ]);
    await expect(readShape('kto')).rejects.toMatchObject({
      code: 'data.unknown-shape',
      hint: expect.stringContaining('kto'),
    });
  });

  it('mapped columns go before a recognised shape', async () => {
    const columns = { prompt: 'instruction', chosen: 'output_1', rejected: 'output_2' };
    const mapped = await readPreferences(join(shapes, `instruction${ending}`), { columns });
    expect(mapped.at(0)).toEqual({ prompt: 'Name a colour.', chosen: 'Blue', rejected: 'Red' });
  });
});

it('the same from CSV', async () => {
  const path = place('.csv');
  await writeFile(path, 'instruction,input,output_1,output_2,preference\nName,warm,Blue,Red,2\n');
  expect([...(await readPreferences(path))]).toEqual([{ prompt: 'Name\n\nwarm', chosen: 'Red', rejected: 'Blue' }]);
  const scored = place('.csv');
  await writeFile(scored, 'prompt,chosen,rejected,score_chosen,score_rejected\np,c,r,2.5,1\n');
  expect((await readPreferences(scored)).at(0)).toEqual({
    prompt: 'p',
    chosen: 'c',
    rejected: 'r',
    chosenScore: 2.5,
    rejectedScore: 1,
  });
});

describe('rows that cannot be used', () => {
  const good = { prompt: 'p', chosen: 'c', rejected: 'r' };
  const readReporting = async (path: string) => {
    const errors: DpoError[] = [];
    const dataset = await readPreferences(path, { onError: (error) => void errors.push(error) });
    return { rows: [...dataset], errors: errors.map(({ code, values }) => [code, values.line ?? values.row]) };
  };

  it('are reported with their lines and skipped: JSON lines', async () => {
    const path = place('.jsonl');
    const lines = [
      good,
      { ...good, rejected: undefined },
      '{"prompt": "p"',
      { ...good, chosen: '' },
      { ...good, id: 'last' },
    ];
    // A column that comes late makes the reader begin the file again: no row is reported twice.
    await writeFile(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
    expect(await readReporting(path)).toEqual({
      rows: [good, { ...good, id: 'last' }],
      errors: [
        ['data.missing-column', 2],
        ['data.broken-json', 3],
        ['data.empty-answer', 4],
      ],
    });
    await expect(readPreferences(path)).rejects.toMatchObject({ code: 'data.missing-column', values: { line: 2 } });
  });

  it('CSV, with ragged rows', async () => {
    const path = place('.csv');
    await writeFile(path, 'prompt,chosen,rejected\np,c,r\np,c\np,c,r,x\nq,c,r\n');
    expect(await readReporting(path)).toEqual({
      rows: [good, { ...good, prompt: 'q' }],
      errors: [
        ['data.ragged-row', 3],
        ['data.ragged-row', 4],
      ],
    });
  });

  it('Arrow, by the number of the row', async () => {
    // Of four rows the second has an empty answer and the third none.
    const path = join(shapes, '../broken-rows.arrow');
    const { rows, errors } = await readReporting(path);
    expect(rows.map(({ chosen }) => chosen)).toEqual(['yes', 'no']);
    expect(errors).toEqual([
      ['data.empty-answer', 1],
      ['data.missing-column', 2],
    ]);
    await expect(readPreferences(path)).rejects.toMatchObject({ code: 'data.empty-answer', values: { row: 1 } });
  });

  it('are an error when no row is left, which names the first reason', async () => {
    const path = place('.jsonl');
    await writeFile(path, '{"prompt": "p"}\n{"prompt": 1, "chosen": "c", "rejected": "r"}\n');
    await expect(readReporting(path)).rejects.toMatchObject({
      code: 'data.all-skipped',
      message: expect.stringMatching(
        /none of its 2 rows can be used. The first: .*line 1: the key "chosen" is missing/,
      ),
    });
  });

  it('are left out of a conversion, or nothing is written', async () => {
    const path = place('.jsonl');
    await writeFile(path, `${JSON.stringify(good)}\n{"prompt": "p"}\n`);
    const codes: string[] = [];
    const out = place('.csv');
    expect(await convertPreferences(path, out, { onError: ({ code }) => void codes.push(code) })).toEqual({
      rows: 1,
    });
    expect(codes).toEqual(['data.missing-column']);
    const none = place('.arrow');
    await expect(convertPreferences(path, none)).rejects.toMatchObject({ code: 'data.missing-column' });
    await expect(readFile(none)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
