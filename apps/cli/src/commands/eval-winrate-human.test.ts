import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';
import { programFromSources, type RunningProgram, startProgram } from '../_program-for-tests.js';

let scratch: string;
let script: string;
let folder: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'dpo-people-'));
  script = await programFromSources(join(scratch, 'program'));
}, 60_000);
afterAll(() => rm(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'test-'));
  for (const side of ['ours', 'theirs']) {
    const answers = ['a', 'b', 'c', 'd'].map((prompt) => JSON.stringify({ prompt, text: `${side} ${prompt}` }));
    await writeFile(at(`${side}.jsonl`), `${answers.join('\n')}\n`);
  }
});

const at = (name: string) => join(folder, name);
const args = (...more: string[]) => {
  const sides = ['--answers', at('ours.jsonl'), '--against', at('theirs.jsonl')];
  return ['eval', 'winrate', ...sides, '--output', at('run'), ...more];
};

/** Judges pairs over HTTP as the page does, always for the model, and ends the session when all pairs are judged. */
async function judge(program: RunningProgram, rater: string, pairs = Number.POSITIVE_INFINITY): Promise<void> {
  const url = new RegExp(`${rater}: (http\\S+)`).exec(program.notes())?.[1];
  const ask = async (path: string, body?: object) => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await fetch(`${url}${path}`, body === undefined ? {} : post)).json() as Promise<Record<string, string>>;
  };
  let state = await ask('state');
  for (let k = 0; k < pairs && state.kind === 'item'; k++)
    state = await ask('vote', { item: state.item, choice: state.left?.startsWith('ours') ? 'A' : 'B' });
  if (state.kind === 'sealed') await ask('finish', {});
}

describe('dpo eval winrate --judge human', () => {
  it('serves several raters at once, and leaves a rater out until the rater is done', async () => {
    const both = startProgram(script, args('--judge', 'human', '--rater', 'anna,ben', '--planned', '3'));
    await both.says('ben: http');
    await both.says('Ctrl-C');
    await Promise.all([judge(both, 'anna'), judge(both, 'ben', 2)]);
    both.child.kill('SIGINT');
    expect(await both.ended, both.notes()).toEqual({ code: 130, signal: null });
    expect(both.notes()).toContain('ben: 2 of 4 pairs, too few votes to show any difference.');
    expect(both.notes()).not.toContain('anna: 4 of');
    expect(both.notes()).toContain('Interrupted: the same command goes on');

    const ben = startProgram(script, args('--judge', 'human', '--rater', 'ben', '--planned', '3'));
    await ben.says('Ctrl-C');
    await judge(ben, 'ben');
    expect(await ben.ended, ben.notes()).toEqual({ code: 0, signal: null });
    for (const rater of ['anna', 'ben']) expect(ben.notes()).toContain(`${rater}: 4 votes for the model, 0 for the`);

    // Both raters are done: no page is served, and the notes are the same.
    const result = await runCli(args('--judge', 'human', '--rater', 'anna,ben', '--planned', '3', '--json'));
    expect([result.code, result.notes.join('\n')]).toEqual([0, expect.not.stringContaining('http')]);
    expect(JSON.parse(result.out.join('\n'))).toMatchObject({ prompts: 3, win_rate: 1, consistency: 1 });
    const rescore = await runCli(['eval', 'rescore', at('run/votes.jsonl'), '--json']);
    expect(JSON.parse(rescore.out.join('\n'))).toMatchObject({
      prompts: 3,
      win_rate: 1,
      first_position_rate: expect.any(Number),
    });
  });

  it.each([
    [['--judge', 'human'], 2, '--judge human needs --rater NAME'],
    [['--judge', 'human', '--rater', ''], 1, 'is empty'],
    [['--judge', 'human', '--rater', 'a,a'], 1, 'is given twice'],
    [['--judge', 'model', '--rubric', 'helpful', '--rater', 'a'], 2, '--rater is for --judge human'],
    [['--judge', 'human', '--rater', 'a', '--planned', '5'], 1, '5 pairs are planned, but there are 4'],
    [['--judge', 'human', '--rater', 'a', '--port', '70000'], 2, '--port'],
  ])('%j is refused, and no vote is written', async (more, code, says) => {
    const result = await runCli(args(...more));
    expect([result.code, result.out, result.notes.join('\n')]).toEqual([code, [], expect.stringContaining(says)]);
    await expect(access(at('run/votes.jsonl'))).rejects.toThrow();
  });
});
