import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';
import { programFromSources, type RunningProgram, startProgram } from '../_program-for-tests.js';

let made: string;
let script: string;
let folder: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'dpo-people-'));
  script = await programFromSources(join(made, 'program'));
}, 60_000);
afterAll(() => rm(made, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(made, 'test-'));
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

/** Judges pairs over HTTP as the page does, for the model always, and ends the session where all are judged. */
async function judge(program: RunningProgram, rater: string, pairs = Number.POSITIVE_INFINITY): Promise<void> {
  const url = new RegExp(`${rater}: (http\\S+)`).exec(program.said())?.[1];
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
  it('serves several raters at once, and leaves those out who are not done until they are', async () => {
    const both = startProgram(script, args('--judge', 'human', '--rater', 'anna,ben', '--planned', '3'));
    await both.says('ben: http');
    await both.says('Ctrl-C');
    await Promise.all([judge(both, 'anna'), judge(both, 'ben', 2)]);
    both.child.kill('SIGINT');
    expect(await both.ended, both.said()).toEqual({ code: 130, signal: null });
    expect(both.said()).toContain('ben: 2 of 4 pairs, too few votes to show any difference.');
    expect(both.said()).not.toContain('anna: 4 of');
    expect(both.said()).toContain('Interrupted: the same command goes on');

    const ben = startProgram(script, args('--judge', 'human', '--rater', 'ben', '--planned', '3'));
    await ben.says('Ctrl-C');
    await judge(ben, 'ben');
    expect(await ben.ended, ben.said()).toEqual({ code: 0, signal: null });
    for (const rater of ['anna', 'ben']) expect(ben.said()).toContain(`${rater}: 4 votes for the model, 0 for the`);

    // All are done: nothing is served, and the same is said.
    const done = await runCli(args('--judge', 'human', '--rater', 'anna,ben', '--planned', '3', '--json'));
    expect([done.code, done.notes.join('\n')]).toEqual([0, expect.not.stringContaining('http')]);
    expect(JSON.parse(done.out.join('\n'))).toMatchObject({ prompts: 3, win_rate: 1, consistency: 1 });
    const rescored = await runCli(['eval', 'rescore', at('run/votes.jsonl'), '--json']);
    expect(JSON.parse(rescored.out.join('\n'))).toMatchObject({
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
    const found = await runCli(args(...more));
    expect([found.code, found.out, found.notes.join('\n')]).toEqual([code, [], expect.stringContaining(says)]);
    await expect(access(at('run/votes.jsonl'))).rejects.toThrow();
  });
});
