import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeEvaluation } from '../evaluation-file.js';
import { sampleEvaluation, sampleRecords } from '../test/sample-report.js';
import { writeReport } from './write-report.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-report-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lines = (records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

describe('writeReport', () => {
  it('reads a run folder with a torn last line', async () => {
    const run = join(folder, 'my-run');
    await mkdir(run);
    await writeFile(join(run, 'config.json'), '{"seed": 3}');
    await writeFile(join(run, 'metrics.jsonl'), `${lines(sampleRecords())}{"step": 9`);
    await writeEvaluation(run, sampleEvaluation());
    const page = await readFile(await writeReport(run), 'utf8');
    expect(page).toContain('Run my-run');
    expect(page).toContain('It worked');
    expect((await readdir(run)).sort()).toEqual([
      'config.json',
      'evaluation.json',
      'metrics.jsonl',
      'report.csv',
      'report.html',
    ]);
  });

  it('reports a training from its metrics alone', async () => {
    await writeFile(join(folder, 'metrics.jsonl'), lines(sampleRecords(5)));
    const page = await readFile(await writeReport(folder), 'utf8');
    expect(page).toContain('Trained 5 steps.');
    expect(page).not.toContain('Reward and KL');
    // `metrics.jsonl` holds the figures already.
    expect((await readdir(folder)).sort()).toEqual(['metrics.jsonl', 'report.html']);
  });

  it('refuses a folder that holds no run', async () => {
    await expect(writeReport(folder)).rejects.toMatchObject({ code: 'eval.no-run' });
    await expect(writeReport(join(folder, 'none'))).rejects.toMatchObject({ code: 'eval.no-run' });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['metrics.jsonl', '{\n{"step": 1}\n', 'line 1 is not valid JSON'],
    ['metrics.jsonl', '{"step": 1}\n{"loss": 2}\n', 'line 2 has no step'],
    ['metrics.jsonl', '3\n', 'line 1 has no step'],
    ['config.json', '{', 'is not valid JSON'],
    ['config.json', '[]', 'is not a JSON object'],
    ['evaluation.json', '{"version": 7}', 'version should be 1'],
  ])('refuses a broken %s: %s', async (name, content, why) => {
    await writeFile(join(folder, name), content);
    await expect(writeReport(folder)).rejects.toMatchObject({
      code: 'eval.bad-file',
      message: expect.stringContaining(why),
    });
    expect(await readdir(folder)).toEqual([name]);
  });
});
