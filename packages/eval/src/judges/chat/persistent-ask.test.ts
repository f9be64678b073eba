import { describe, expect, it } from 'vitest';
import { wordsAlone } from '../../test/chat-server.js';
import { chatBench, comparison, say } from './_chat-bench-for-tests.js';

const bench = chatBench();
const first = { verdict: 'first' };

describe('a server that wants to be left alone', () => {
  it.each([
    ['retry-after in seconds', { 'retry-after': '7' }, 7500],
    ['retry-after-ms', { 'retry-after': '90', 'retry-after-ms': '1250' }, 1750],
    ['no time', {}, 500],
  ])('429 with %s', async (_, headers, sleep) => {
    const reasons: string[] = [];
    const reply = await bench.askInWords(
      (__, count) =>
        count === 1 ? { status: 429, headers, body: { error: { message: 'slow down' } } } : say('Verdict: A'),
      { onWait: ({ because }) => reasons.push(because) },
    );
    expect(reply).toMatchObject(first);
    // The throttle and the question both wait for the same time; the clock has passed it for the second of them.
    expect(bench.sleeps).toEqual([sleep]);
    expect(reasons).toEqual(['limited (HTTP 429): slow down']);
  });

  it('500, twice as long each time, and is lost after so many attempts', async () => {
    const reply = await bench.askInWords((_, count) => (count < 4 ? { status: 500, body: 'oops' } : say('Verdict: A')));
    expect([reply.verdict, bench.sleeps]).toEqual(['first', [500, 1000, 2000]]);
    bench.sleeps = [];
    const last = await bench.askInWords(() => ({ status: 503, body: { error: 'loading model' } }), { attempts: 3 });
    expect(last).toMatchObject({ verdict: 'failed', reason: 'server (HTTP 503): loading model' });
    expect(bench.sleeps).toEqual([500, 1000]);
  });

  it('a reply that is cut', async () => {
    const reply = await bench.askInWords((_, count) => ({ ...say('Verdict: A'), breaksOff: count === 1 }));
    expect([reply.verdict, bench.server.requests.length]).toEqual(['first', 2]);
  });

  it('a reply that does not end', async () => {
    const reply = await bench.askInWords((_, count) => ({ ...say('Verdict: A'), stalls: count === 1 }), {
      timeout: 700,
    });
    expect([reply.verdict, bench.server.requests.length]).toEqual(['first', 2]);
  });

  it('is given up after five questions in a row without a reply', async () => {
    bench.server.behave = wordsAlone(() => ({ status: 500, body: 'down' }));
    const judge = await bench.openJudge({ attempts: 1 });
    const ask = () => judge.ask(comparison, {});
    for (let i = 0; i < 4; i++) expect(await ask()).toMatchObject({ verdict: 'failed' });
    await expect(ask()).rejects.toMatchObject({ code: 'judge.unreachable' });
  });
});
