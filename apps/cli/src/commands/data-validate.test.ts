import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Validation } from '@dpo/data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-validate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, rows: readonly (readonly [string, string, string])[]): Promise<string> {
  const path = join(folder, name);
  const lines = rows.map(([prompt, chosen, rejected]) => JSON.stringify({ prompt, chosen, rejected }));
  await writeFile(path, lines.join('\n'));
  return path;
}
const validate = (...args: readonly string[]) => runCli(['data', 'validate', ...args]);

describe('dpo data validate', () => {
  it('ends with 1 on errors, and on warnings only with --strict', async () => {
    const good = await file('good.jsonl', [['a', 'x', 'y']]);
    expect((await validate(good, '--strict')).code).toBe(0);
    const twice = await file('twice.jsonl', [
      ['a', 'x', 'y'],
      ['a', 'x', 'y'],
    ]);
    expect((await validate(twice)).code).toBe(0);
    expect((await validate(twice, '--strict')).code).toBe(1);
    const same = await validate(await file('same.jsonl', [['a', 'x', 'x']]));
    expect(same.code).toBe(1);
    expect(same.out.join('\n')).toContain('error identical-answers: The two answers are the same. (1 row: 0)');
  });

  it('counts tokens and compares with the test set, as JSON for scripts', async () => {
    const model = await tinyModelFolder(join(folder, 'model'));
    const train = await file('train.jsonl', [
      ['Question', 'an answer', 'no'],
      ['Other', 'x', 'y'],
    ]);
    const test = await file('test.jsonl', [['Other', 'x', 'z']]);
    const { code, out } = await validate(train, '--test', test, '--model', model, '--max-length', '4', '--json');
    expect(code).toBe(1);
    const validation = JSON.parse(out.join('\n')) as Validation;
    expect(validation).toMatchObject({ rows: 2, unit: 'tokens', sharedPrompts: { prompts: 1, of: 1 } });
    expect(validation.findings.map((finding) => finding.code)).toContain('shared-prompts');
    expect(validation.findings.map((finding) => finding.code)).toContain('answer-cut-away');
    const without = await validate(train, '--max-length', '4');
    expect([without.code, without.notes.join('\n')]).toEqual([1, expect.stringContaining('needs a tokenizer')]);
  });
});

describe('rows that cannot be used', () => {
  it('stop the command, or are left out, named and counted', async () => {
    const path = join(folder, 'rows.jsonl');
    await writeFile(
      path,
      '{"prompt":"a","chosen":"x","rejected":"y"}\n{"prompt":"a"}\n{"prompt":"b","chosen":"","rejected":"y"}\n',
    );
    const stopped = await validate(path);
    expect([stopped.code, stopped.notes.join('\n')]).toEqual([1, expect.stringContaining('line 2: the key "chosen"')]);
    const page = join(folder, 'page.html');
    const { code, out, notes } = await validate(path, '--on-error', 'skip', '--json', '--html', page);
    expect(code).toBe(0);
    expect(JSON.parse(out.join('\n'))).toMatchObject({
      rows: 1,
      skipped: [expect.stringContaining('line 2'), expect.stringContaining('line 3')],
    });
    expect(notes.join('\n')).toMatch(/Left out 2 rows:\n .*line 2.*\n .*line 3/);
    expect(await readFile(page, 'utf8')).toContain('2 could not be read.');
  });

  it('are left out of a conversion too; nothing is written when no row is left', async () => {
    const path = join(folder, 'rows.csv');
    await writeFile(path, 'prompt,chosen,rejected\na,x,y\nb,x\n');
    const out = join(folder, 'out.arrow');
    const converted = await runCli(['data', 'convert', path, out, '--on-error', 'skip']);
    expect([converted.code, converted.notes]).toEqual([
      0,
      [`Wrote 1 pairs to ${out}.`, 'Left out 1 row:', expect.stringContaining('line 3')],
    ]);
    const none = join(folder, 'none.jsonl');
    await writeFile(none, '{"prompt":"a"}\n');
    const refused = await runCli(['data', 'convert', none, join(folder, 'none.arrow'), '--on-error', 'skip']);
    expect([refused.code, refused.notes.join('\n')]).toEqual([
      1,
      expect.stringContaining('none of its 1 rows can be used'),
    ]);
    await expect(readFile(join(folder, 'none.arrow'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
