import { describe, expect, it } from 'vitest';
import { type Exchange, imaginaryWorkers } from './imaginary-workers.js';
import { bytesSent, exchangeSeconds, RING } from './wire-time.js';

describe('imaginary workers', () => {
  it('have the numbers of the first, and count what would travel', async () => {
    const exchanges: Exchange[] = [];
    const collective = imaginaryWorkers(3, (exchange) => exchanges.push(exchange));
    const buffer = Float32Array.of(1, 2, 3);
    await collective.sum([buffer, new Float32Array(5)]);
    expect([...buffer]).toEqual([1, 2, 3]);
    expect(await collective.gather([7, 8])).toEqual([
      [7, 8],
      [7, 8],
      [7, 8],
    ]);
    const whole = new Float32Array(6);
    await collective.join(Float32Array.of(1, 2), whole);
    expect([...whole]).toEqual([1, 2, 1, 2, 1, 2]);
    expect(exchanges).toEqual([
      { kind: 'sum', bytes: 12 },
      { kind: 'sum', bytes: 20 },
      { kind: 'list', bytes: 512 },
      { kind: 'list', bytes: 8 },
    ]);
  });
});

describe('the time of an exchange', () => {
  const fast = { bitsPerSecond: 1e15, delaySeconds: 0 };

  it('is of the bytes that a worker sends, by the slower of network and program', () => {
    const sum: Exchange = { kind: 'sum', bytes: 1e9 };
    expect([2, 4].map((workers) => bytesSent(sum, workers))).toEqual([1e9, 1.5e9]);
    expect(bytesSent({ kind: 'list', bytes: 1000 }, 4)).toBe(3000);
    // 1e9 bytes at 1 Gbit/s are 8 s.
    expect(exchangeSeconds(sum, 2, { ...fast, bitsPerSecond: 1e9 })).toBeCloseTo(RING.secondsEach + 8, 6);
    expect(exchangeSeconds(sum, 2, fast)).toBeCloseTo(RING.secondsEach + 1e9 / RING.bytesPerSecond, 6);
  });

  it('grows with the messages that wait for each other', () => {
    const delayed = { ...fast, delaySeconds: 0.1 };
    expect(exchangeSeconds({ kind: 'sum', bytes: 0 }, 3, delayed)).toBeCloseTo(RING.secondsEach + 0.4, 6);
    expect(exchangeSeconds({ kind: 'list', bytes: 0 }, 3, delayed)).toBeCloseTo(RING.secondsEach + 0.2, 6);
  });
});
