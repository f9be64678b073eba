import { describe, expect, it } from 'vitest';
import { atOnce, inPieces, pauses } from './in-pieces.js';

/** Counts until `isStopped` is true, which takes a pause in which a timer can fire. */
function* countUntil(isStopped: () => boolean): Generator<undefined, number> {
  let steps = 0;
  while (!isStopped()) {
    steps++;
    yield;
  }
  return steps;
}

function* three(): Generator<number, string> {
  yield 1;
  yield 2;
  return 'three';
}

describe('steps', () => {
  it('come to the same result at once and in pieces', async () => {
    expect(atOnce(three())).toBe('three');
    expect(await inPieces(three())).toBe('three');
  });

  it('in pieces let timers of the process fire', async () => {
    let isStopped = false;
    setTimeout(() => {
      isStopped = true;
    }, 1);
    expect(await inPieces(countUntil(() => isStopped))).toBeGreaterThan(0);
  });

  it('end with the reason of a signal that fires between them', async () => {
    const control = new AbortController();
    setTimeout(() => control.abort(new Error('enough')), 1);
    await expect(
      inPieces(
        countUntil(() => false),
        control.signal,
      ),
    ).rejects.toThrow('enough');
  });

  it('pass an error on', async () => {
    const broken = function* (): Generator<undefined, never> {
      yield;
      throw new RangeError('broken');
    };
    await expect(inPieces(broken())).rejects.toThrow('broken');
    expect(() => atOnce(broken())).toThrow('broken');
  });
});

it('a loop that pauses lets timers of the process fire', async () => {
  let isStopped = false;
  setTimeout(() => {
    isStopped = true;
  }, 1);
  const pause = pauses();
  let pauseCount = 0;
  while (!isStopped) {
    const turn = pause();
    if (turn !== undefined) pauseCount++;
    await turn;
  }
  expect(pauseCount).toBeGreaterThan(0);
});
