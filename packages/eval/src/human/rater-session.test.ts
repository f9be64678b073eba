import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { madeUpPairs } from './_pairs-for-tests.js';
import { type OpenRatersOptions, openRaters } from './open-raters.js';
import { planRater } from './rater-plan.js';
import { type RaterSession, raterSession } from './rater-session.js';
import type { ShownItem } from './rater-state.js';
import type { Choice, VoteLine } from './vote.js';
import { readVoteLines, votesByRater } from './votes.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-raters-'));
  file = join(folder, 'votes.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const names = { model: 'ours', baseline: 'theirs' };
const pairs = madeUpPairs(20);
const plan = planRater(pairs, { rater: 'anna' });
const now = () => new Date(0);

function inMemory(lines: VoteLine[] = [], before: readonly VoteLine[] = lines): RaterSession {
  const append = async (line: VoteLine) => void lines.push(line);
  const sitting = votesByRater(before).find(({ rater }) => rater === 'anna');
  return raterSession({ rater: 'anna', plan, names, append, now, before: sitting });
}

function itemOf(session: RaterSession): ShownItem {
  const state = session.state();
  if (state.kind !== 'item') throw new Error(state.kind);
  return state;
}

const vote = (session: RaterSession, choice: Choice, comment = '') =>
  session.vote({ item: itemOf(session).item, choice, comment });

describe('a session', () => {
  it('shows one pair after the other without a name, and writes what the rater says', async () => {
    const lines: VoteLine[] = [];
    const session = inMemory(lines);
    const { item, left, right, prompt, done, total } = itemOf(session);
    expect([item, done, total]).toEqual([0, 0, 22]);
    const [{ pair, first }] = plan as [(typeof plan)[number]];
    expect([left, right]).toEqual(first === 'model' ? [pair.model, pair.baseline] : [pair.baseline, pair.model]);
    expect(prompt).toEqual([{ text: pair.prompt }]);
    await session.vote({ item: 0, choice: 'both_bad', comment: 'why?', milliseconds: 1500 });
    expect(lines).toEqual([
      {
        prompt_id: pair.promptId,
        first,
        repetition: 0,
        model_length: [...pair.model].length,
        baseline_length: [...pair.baseline].length,
        prompt_digest: expect.stringMatching(/^[0-9a-f]{16}$/),
        rater: 'anna',
        vote: 'both_bad',
        comment: 'why?',
        milliseconds: 1500,
        at: '1970-01-01T00:00:00.000Z',
      },
    ]);
    expect(JSON.stringify(session.state())).not.toMatch(/ours|theirs/);
  });

  it('shows a conversation turn by turn, with all that a message says', () => {
    const prompt = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: [{ type: 'text', text: 'Hi: ' }], name: 'Eve' },
    ];
    const [item] = plan as [(typeof plan)[number]];
    const session = raterSession({
      ...{ rater: 'anna', names, append: async () => undefined },
      plan: [{ ...item, pair: { ...item.pair, prompt } }],
    });
    expect(itemOf(session).prompt).toEqual([
      { role: 'system', text: 'Be kind.' },
      { role: 'user', text: 'Hi:  {"name":"Eve"}' },
    ]);
  });

  it('takes back vote after vote, shows their pairs and comments again, and changes no line', async () => {
    const lines: VoteLine[] = [];
    const session = inMemory(lines);
    await vote(session, 'A', 'first thought');
    await vote(session, 'B');
    await vote(session, 'skip');
    await session.undo();
    await session.undo();
    expect(itemOf(session)).toMatchObject({ item: 1, comment: '' });
    await session.undo();
    expect(itemOf(session)).toMatchObject({ item: 0, comment: 'first thought', canUndo: false });
    await expect(session.undo()).rejects.toMatchObject({ code: 'human.nothing-to-undo' });
    await vote(session, 'tie');
    expect(itemOf(session)).toMatchObject({ item: 1, comment: '' });
    expect(lines.map(({ vote }) => vote)).toEqual(['A', 'B', 'skip', 'undo', 'undo', 'undo', 'tie']);
  });

  it('takes no vote on a pair that is not shown', async () => {
    const session = inMemory();
    await vote(session, 'A');
    for (const item of [0, 2, 99])
      await expect(session.vote({ item, choice: 'A' })).rejects.toMatchObject({ code: 'human.not-current' });
    // Of two at once, as from two windows, one counts.
    const twice = await Promise.allSettled([vote(session, 'A'), vote(session, 'B')]);
    expect(twice.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(itemOf(session).done).toBe(2);
  });

  it('does not count a vote that could not be written', async () => {
    let fails = true;
    const append = async () => {
      if (fails) throw new Error('disk full');
    };
    const session = raterSession({ rater: 'anna', plan, names, append });
    await expect(vote(session, 'A')).rejects.toThrow('disk full');
    expect(itemOf(session)).toMatchObject({ item: 0, done: 0 });
    fails = false;
    await vote(session, 'A');
    expect(itemOf(session)).toMatchObject({ item: 1, done: 1 });
  });

  it('does not bring back a pair that was skipped', async () => {
    const session = inMemory();
    const returning = new Set(plan.flatMap(({ again, pair }) => (again ? [pair.promptId] : [])));
    let votes = 0;
    for (; session.state().kind === 'item'; votes++)
      await vote(session, returning.has(plan[itemOf(session).item]?.pair.promptId ?? '') ? 'skip' : 'A');
    expect(votes).toBe(20);
    expect(session.state()).toMatchObject({ kind: 'sealed', done: 22, total: 22 });
  });

  it('says what the votes so far can show: prompts with a verdict, not items', async () => {
    const session = inMemory();
    expect(itemOf(session).smallestDifference).toBeNull();
    await vote(session, 'skip');
    expect(itemOf(session).smallestDifference).toBeNull();
    for (let i = 0; i < 4; i++) await vote(session, 'A');
    // (1.96 + 0.84) · ½ / √4
    expect(itemOf(session).smallestDifference).toBeCloseTo(0.7, 2);
  });

  it('seals the names until all is judged and the rater ends, and takes nothing back after that', async () => {
    const lines: VoteLine[] = [];
    const session = inMemory(lines);
    await expect(session.finish()).rejects.toMatchObject({ code: 'human.not-judged' });
    while (session.state().kind === 'item') {
      const model = plan[itemOf(session).item]?.first === 'model' ? 'A' : 'B';
      await vote(session, model);
    }
    expect(JSON.stringify(session.state())).not.toMatch(/ours|theirs/);
    const ended = await session.finish();
    expect(ended).toMatchObject({
      kind: 'finished',
      names,
      canUndo: false,
      outcome: { model: 22, baseline: 0, tie: 0, bothBad: 0, skipped: 0, pairs: 20, rate: 1, consistency: 1 },
    });
    await expect(session.undo()).rejects.toMatchObject({ code: 'human.nothing-to-undo' });
    await expect(session.vote({ item: 0, choice: 'A' })).rejects.toMatchObject({ code: 'human.not-current' });
    expect(await session.finish()).toEqual(ended);
    expect(lines.filter((line) => line.vote === 'done').length).toBe(1);
  });

  it('stopped anywhere and begun again on its lines, goes on as if it had not stopped', async () => {
    const deed = fc.constantFrom<Choice | 'undo'>('A', 'B', 'tie', 'both_bad', 'skip', 'undo');
    const deeds = fc.array(fc.tuple(deed, fc.boolean()), { maxLength: 40 });
    const play = async (actions: readonly (readonly [Choice | 'undo', boolean])[], stops: boolean) => {
      const lines: VoteLine[] = [];
      let session = inMemory(lines);
      for (const [deed, stop] of actions) {
        const state = session.state();
        if (deed === 'undo') await session.undo().catch(() => undefined);
        else if (state.kind === 'item') await session.vote({ item: state.item, choice: deed });
        if (stop && stops) session = inMemory(lines);
      }
      const state = session.state();
      return { lines, state: state.kind === 'item' ? { ...state, comment: '' } : state };
    };
    await fc.assert(
      fc.asyncProperty(deeds, async (actions) => {
        expect(await play(actions, true)).toEqual(await play(actions, false));
      }),
      { numRuns: 40 },
    );
  });
});

describe('sessions on a file', () => {
  const options = (more: Partial<OpenRatersOptions> = {}): OpenRatersOptions => ({
    ...{ pairs, names, file, raters: ['anna', 'ben'], planned: 10 },
    ...more,
  });

  it('have every vote on the disk before the next pair, and go on after a kill in the middle of a line', async () => {
    const first = await openRaters(options());
    const [anna, ben] = first.sessions as [RaterSession, RaterSession];
    await Promise.all([vote(anna, 'A'), vote(ben, 'B')]);
    expect((await readFile(file, 'utf8')).trimEnd().split('\n').length).toBe(2);
    await vote(anna, 'tie', 'close\nly');
    await first.close();
    const before = await readFile(file, 'utf8');
    await appendFile(file, '{"prompt_id":"p1","vote":"A');
    const second = await openRaters(options({ raters: [' anna '] }));
    expect(second.torn).toBe(true);
    const [again] = second.sessions as [RaterSession];
    expect(itemOf(again)).toMatchObject({ rater: 'anna', done: 2 });
    await vote(again, 'B');
    await second.close();
    expect((await readFile(file, 'utf8')).startsWith(before)).toBe(true);
    const { lines } = await readVoteLines(file);
    expect(lines.map(({ rater, vote }) => `${rater} ${vote}`)).toEqual(['anna A', 'ben B', 'anna tie', 'anna B']);
  });

  it('are refused for other answers, unknown prompts, names that are none, and no pair', async () => {
    const { sessions, close } = await openRaters(options());
    await vote(sessions[0] as RaterSession, 'A');
    await close();
    const before = await readFile(file, 'utf8');
    const others = pairs.map((pair) => ({ ...pair, model: `${pair.model}!` }));
    await expect(openRaters(options({ pairs: others }))).rejects.toMatchObject({ code: 'human.other-answers' });
    const elsewhere = pairs.map((pair) => ({ ...pair, promptId: `q${pair.promptId}` }));
    await expect(openRaters(options({ pairs: elsewhere }))).rejects.toMatchObject({ code: 'human.other-answers' });
    for (const raters of [[' '], ['a', 'a'], ['a\nb'], ['x'.repeat(65)]])
      await expect(openRaters(options({ raters }))).rejects.toMatchObject({ code: 'human.bad-rater' });
    await expect(openRaters(options({ pairs: [] }))).rejects.toMatchObject({ code: 'eval.no-pairs' });
    await expect(openRaters(options({ planned: 21 }))).rejects.toMatchObject({ code: 'human.too-few-pairs' });
    expect(await readFile(file, 'utf8')).toBe(before);
  });
});
