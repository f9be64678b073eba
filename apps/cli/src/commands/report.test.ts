import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-report-'));
  for (const [name, wins] of [
    ['a', 20],
    ['b', 40],
  ] as const)
    await writeVerdicts(name, wins);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a folder of 60 verdicts, of which the model wins the first `wins`. */
async function writeVerdicts(name: string, wins: number): Promise<void> {
  const lines = Array.from({ length: 60 }, (_, i) =>
    JSON.stringify({ prompt_id: `p${i}`, first: 'model', verdict: i < wins ? 'first' : 'second' }),
  );
  await mkdir(at(name), { recursive: true });
  await writeFile(at(`${name}/verdicts.jsonl`), `${lines.join('\n')}\n`);
}

const entriesOf = async (name: string) => (await readdir(at(name))).filter((entry) => !entry.startsWith('.')).sort();

describe('dpo report', () => {
  it('writes the page of a folder of verdicts, with its tables', async () => {
    expect(await runCli(['report', at('a')])).toMatchObject({ code: 0, out: [at('a/report.html')] });
    expect(await entriesOf('a')).toEqual(['report-pairs.csv', 'report.csv', 'report.html', 'verdicts.jsonl']);
    expect(await readFile(at('a/report.html'), 'utf8')).toContain('The model wins 33.3 % of 60 pairs');
    expect(await readFile(at('a/report.csv'), 'utf8')).toContain('win_rate,,0.333');
    // And again over its own.
    expect((await runCli(['report', at('a')])).code).toBe(0);
  });

  it('shows the answers that were judged, as texts, and people’s votes', async () => {
    await writeFile(at('a/answers.jsonl'), '{"prompt_id": "p3", "prompt": "Why?", "answer": "<b>Ours</b>"}\n');
    await writeFile(at('a/against.jsonl'), '{"prompt_id": "p3", "prompt": "Why?", "answer": "Theirs"}\n');
    const vote = { rater: 'ann', prompt_id: 'p3', first: 'baseline', repetition: 0, vote: 'A' };
    await writeFile(at('a/votes.jsonl'), `${JSON.stringify(vote)}\n`);
    expect((await runCli(['report', at('a')])).code).toBe(0);
    const page = await readFile(at('a/report.html'), 'utf8');
    for (const part of ['&lt;b&gt;Ours&lt;/b&gt;', 'Theirs', 'people: baseline better', 'people ≠ judge <b>1</b>'])
      expect(page).toContain(part);
    await writeFile(at('a/against.jsonl'), '{"prompt": "Who?", "answer": "Theirs"}\n');
    expect((await runCli(['report', at('a')])).notes.join('\n')).toContain('no answer to 1 of');
  });

  it('compares several runs on a page in the first run, or at --out', async () => {
    expect(await runCli(['report', at('a'), at('b')])).toMatchObject({ code: 0, out: [at('a/comparison.html')] });
    expect(await readFile(at('a/comparison.html'), 'utf8')).toContain('b wins 33.3 points more than a');
    expect(await entriesOf('b')).toEqual(['verdicts.jsonl']);
    const out = at('pages/all.html');
    await mkdir(at('pages'));
    await writeVerdicts('x/a', 30);
    expect(await runCli(['report', at('b'), at('a'), at('x/a'), '--out', out])).toMatchObject({ code: 0, out: [out] });
    expect(await entriesOf('pages')).toEqual(['all.csv', 'all.html']);
    // Two folders are called a.
    expect(await readFile(out, 'utf8')).toContain(`${at('x/a')} wins`);
  });

  it('leaves files that are not its own, and says so', async () => {
    await writeFile(at('all.csv'), 'mine');
    const result = await runCli(['report', at('a'), at('b'), '--out', at('all.html')]);
    expect([result.code, result.notes.join('\n')]).toEqual([1, expect.stringContaining('all.csv exists without')]);
    expect((await runCli(['report', at('a'), '--out', at('page.txt')])).code).toBe(2);
    expect((await runCli(['report', at('a'), at('none')])).notes.join('\n')).toContain('none is not a run folder');
    expect((await runCli(['report'])).notes.join('\n')).toContain('RUN is missing');
    expect([await readFile(at('all.csv'), 'utf8'), await entriesOf('a')]).toEqual(['mine', ['verdicts.jsonl']]);
  });
});
