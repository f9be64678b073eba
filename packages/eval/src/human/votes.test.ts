import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { winRateReport } from '../winrate/win-rate-report.js';
import type { Choice, Vote, VoteLine } from './vote.js';
import { readVoteLines, verdictsOfVotes, votesByRater } from './votes.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-votes-'));
  path = join(folder, 'votes.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const voteOn = (prompt: string, vote: Choice, first: Vote['first'] = 'model', rater = 'anna'): Vote => ({
  prompt_id: prompt,
  first,
  repetition: 0,
  rater,
  vote,
});
const undo = (rater = 'anna'): VoteLine => ({ rater, vote: 'undo' });
const text = (lines: readonly VoteLine[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

describe('reading votes', () => {
  it('takes votes, undos and ends, and leaves other keys', async () => {
    await writeFile(path, `${text([voteOn('a', 'A'), undo()])}{"rater":"anna","vote":"done","mood":"good"}\n`);
    const { lines, torn } = await readVoteLines(path);
    expect(torn).toBe(false);
    expect(lines).toEqual([voteOn('a', 'A'), undo(), { rater: 'anna', vote: 'done' }]);
  });

  it('goes on without a torn last line', async () => {
    await expect(readVoteLines(path)).rejects.toMatchObject({ code: 'file.not-found' });
    await writeFile(path, text([voteOn('a', 'A'), voteOn('b', 'B')]).slice(0, -9));
    expect(await readVoteLines(path)).toEqual({ lines: [voteOn('a', 'A')], torn: true });
  });

  it.each([
    ['{"rater":"anna","vote":"A","fir', 'not valid JSON', undefined],
    ['{"rater":"anna","vote":"C"}', 'vote should be one of "A", "B", "tie"', 'vote'],
    ['{"vote":"undo"}', 'rater should be a text', 'rater'],
    ['{"rater":"anna","vote":"A","first":"model"}', 'prompt_id should be a text', 'prompt_id'],
    ['{"rater":"anna","vote":"A","prompt_id":"a","first":"left"}', 'first should be one of', 'first'],
  ])('names a broken line in the middle: %s', async (broken, says, key) => {
    await writeFile(path, `${text([voteOn('a', 'A')])}${broken}\n${text([voteOn('b', 'B')])}`);
    await expect(readVoteLines(path)).rejects.toMatchObject({
      code: 'votes.bad-line',
      message: expect.stringContaining(`${path}, line 2: ${says}`),
      values: key === undefined ? { line: 2 } : { line: 2, key },
    });
  });
});

describe('votes in force', () => {
  it('are those that the same rater did not take back', () => {
    const lines: VoteLine[] = [
      voteOn('a', 'A'),
      voteOn('a', 'B', 'baseline', 'ben'),
      voteOn('b', 'B'),
      undo(),
      undo(),
      voteOn('a', 'tie'),
      undo('ben'),
      undo('ben'), // nothing to take back
      { rater: 'ben', vote: 'done' },
    ];
    expect(votesByRater(lines)).toEqual([
      { rater: 'anna', votes: [voteOn('a', 'tie')], done: false },
      { rater: 'ben', votes: [], done: true },
    ]);
  });

  it('are as if what was taken back had never been said', () => {
    const choice = fc.constantFrom<Choice>('A', 'B', 'tie', 'both_bad', 'skip');
    const deeds = fc.array(fc.oneof(choice, fc.constant('undo' as const)), { maxLength: 40 });
    fc.assert(
      fc.property(deeds, (actions) => {
        const inForce: VoteLine[] = [];
        const all: VoteLine[] = actions.map((deed, i) => (deed === 'undo' ? undo() : voteOn(`p${i}`, deed)));
        for (const line of all) {
          if (line.vote === 'undo') inForce.pop();
          else inForce.push(line);
        }
        expect(votesByRater(all)[0]?.votes ?? []).toEqual(inForce);
      }),
    );
  });
});

describe('votes as verdicts', () => {
  it('have A for first, ties told apart from two bad answers, and no skips', () => {
    const votes = (['A', 'B', 'tie', 'both_bad', 'skip'] as const).map((choice) => voteOn(choice, choice));
    const verdicts = verdictsOfVotes(votesByRater([...votes, { ...voteOn('z', 'A'), comment: 'short', at: 'now' }]));
    expect(verdicts.map(({ prompt_id, verdict, both_bad }) => [prompt_id, verdict, both_bad])).toEqual([
      ['A', 'first', undefined],
      ['B', 'second', undefined],
      ['tie', 'tie', undefined],
      ['both_bad', 'tie', true],
      ['z', 'first', undefined],
    ]);
    expect(verdicts.at(-1)).toMatchObject({ rater: 'anna', comment: 'short', judge_asked: 'human' });
  });

  it('give a pair the mean over raters, and each rater their own consistency', () => {
    // Pair a: anna prefers the model in both orders, ben and cleo the baseline: 1/3. Pair b: anna contradicts herself: 1/2.
    const lines = [
      voteOn('a', 'A'),
      voteOn('a', 'B', 'baseline'),
      voteOn('a', 'B', 'model', 'ben'),
      voteOn('a', 'A', 'baseline', 'cleo'),
      voteOn('b', 'A'),
      voteOn('b', 'A', 'baseline'),
    ];
    const report = winRateReport(verdictsOfVotes(votesByRater(lines)));
    expect(report.raw?.rate).toBeCloseTo((1 / 3 + 1 / 2) / 2, 12);
    expect(report.bounds.worst.rate).toBeCloseTo((1 / 3 + 1 / 2) / 2, 12);
    expect(report.panel.consistency).toBe(1 / 2);
    expect(report.panel.repetitions).toBe(0); // two raters of one order are no repetition
  });
});
