import { describe, expect, it } from 'vitest';
import { retryAfterOf } from './chat-failure.js';
import { throttle } from './throttle.js';

/** A clock whose time passes only when somebody sleeps. */
function sleepingClock() {
  let now = 0;
  return {
    now: () => now,
    sleep: async (milliseconds: number, signal: AbortSignal | undefined) => {
      signal?.throwIfAborted();
      now += milliseconds;
    },
  };
}

describe('a throttle', () => {
  it('lets so many through at a time', async () => {
    const gate = throttle(3, sleepingClock());
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    await Promise.all(Array.from({ length: 10 }, () => gate.run(work, undefined)));
    expect(most).toBe(3);
  });

  it('halves once for all refusals of work that ran together, and comes back by successes', async () => {
    const clock = sleepingClock();
    const gate = throttle(8, clock);
    const refusals = Array.from({ length: 8 }, () =>
      gate
        .run(async (slowDown) => {
          await new Promise((resolve) => setImmediate(resolve));
          slowDown(1000);
          throw new Error('429');
        }, undefined)
        .catch(() => undefined),
    );
    await Promise.all(refusals);
    expect(gate.limit()).toBe(4);
    await gate.run(async () => undefined, undefined);
    expect(clock.now()).toBe(1000); // nothing begins before the pause is over
    for (let i = 0; i < 3; i++) await gate.run(async () => undefined, undefined);
    expect(gate.limit()).toBe(5);
    for (let i = 0; i < 100; i++) await gate.run(async () => undefined, undefined);
    expect(gate.limit()).toBe(8);
  });

  it('never stops letting one through', async () => {
    const gate = throttle(2, sleepingClock());
    for (let i = 0; i < 5; i++) await gate.run(async (slowDown) => slowDown(1), undefined);
    expect(gate.limit()).toBeGreaterThanOrEqual(1);
  });

  it('ends its pauses with the signal', async () => {
    const gate = throttle(1, sleepingClock());
    await gate.run(async (slowDown) => slowDown(1000), undefined);
    await expect(gate.run(async () => 1, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
    expect(await gate.run(async () => 2, undefined)).toBe(2);
  });
});

it.each([
  [{}, undefined],
  [{ 'retry-after-ms': '20' }, 20],
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '1.5', 'retry-after-ms': 'soon' }, 1500],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:01:00 GMT' }, 50_000],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:01 GMT' }, 0],
  [{ 'retry-after': 'tomorrow' }, undefined],
])('waits as %j says', (headers, expected) => {
  expect(retryAfterOf(new Headers(headers as Record<string, string>), 10_000)).toBe(expected);
});
