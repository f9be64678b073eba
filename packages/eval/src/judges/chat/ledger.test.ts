import { describe, expect, it } from 'vitest';
import { wordsAlone } from '../../test/chat-server.js';
import { chatBench, comparison, say } from './_chat-bench-for-tests.js';
import { ledger } from './ledger.js';

const bench = chatBench();

describe('money', () => {
  const price = { input: 10, output: 100 }; // for a million tokens
  const ledgerUpTo = (maxCost: number | undefined) => ledger({ price, maxCost });

  it('is counted by the tokens of the reply, both replies when two were needed', async () => {
    const own = ledgerUpTo(undefined);
    const reply = await bench.askInWords((_, count) => say(count === 1 ? '' : 'Verdict: A'), { ledger: own });
    expect(reply.cost).toBeCloseTo((2 * (10 * 100 + 100 * 10)) / 1e6, 12);
    // The trial in words cost as much as one reply; the refused ones nothing.
    expect(own.total()).toBeCloseTo((3 * 2000) / 1e6, 12);
  });

  it('is counted at its most when the reply does not say its tokens', async () => {
    const own = ledgerUpTo(undefined);
    const reply = await bench.askInWords(() => say('Verdict: A', { usage: null }), { ledger: own });
    expect(reply.cost).toBeGreaterThan((100 * 1024) / 1e6);
  });

  it('is counted at its most for replies that were lost on the way, and not for those that were refused', async () => {
    const own = ledgerUpTo(undefined);
    const most = (1024 * 100) / 1e6;
    const cutOnce = await bench.askInWords((_, count) => ({ ...say('Verdict: A'), breaksOff: count === 1 }), {
      ledger: own,
    });
    expect(cutOnce.cost).toBeGreaterThan(most);
    const cutAlways = await bench.askInWords(() => ({ ...say('Verdict: A'), breaksOff: true }), {
      ledger: own,
      attempts: 3,
    });
    expect(cutAlways).toMatchObject({ verdict: 'failed' });
    expect(cutAlways.cost).toBeGreaterThan(3 * most);
    const refusedOnce = await bench.askInWords(
      (_, count) => (count === 1 ? { status: 500, body: 'oops' } : say('Verdict: A')),
      {
        ledger: own,
      },
    );
    expect(refusedOnce.cost).toBeCloseTo(0.002, 12);
    // An attempt that the rest cannot pay is not made.
    const tight = ledger({ price, maxCost: 2 * most });
    await expect(
      bench.askInWords(() => ({ ...say('Verdict: A'), breaksOff: true }), { ledger: tight }),
    ).rejects.toMatchObject({
      code: 'judge.max-cost',
    });
    expect(tight.total()).toBeLessThanOrEqual(2 * most);
    expect(own.total()).toBeGreaterThan(4 * most);
  });

  it('is not spent beyond the limit: nothing is asked that may cost more', async () => {
    bench.server.behave = wordsAlone(() => say('Verdict: A'));
    const own = ledgerUpTo(0.15);
    const judge = await bench.openJudge({ ledger: own });
    const trials = bench.server.requests.length;
    await judge.ask(comparison, {});
    let error: unknown;
    for (let i = 0; i < 100 && error === undefined; i++)
      await judge.ask({ ...comparison, repetition: i }, {}).catch((caught: unknown) => (error = caught));
    expect(error).toMatchObject({ code: 'judge.max-cost' });
    expect(own.total()).toBeLessThanOrEqual(0.15);
    expect(bench.server.requests.length).toBeGreaterThan(trials);
    await expect(bench.openJudge({ ledger: ledgerUpTo(0.001) })).rejects.toMatchObject({ code: 'judge.max-cost' });
  });
});
