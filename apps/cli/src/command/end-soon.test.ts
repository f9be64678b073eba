import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { stoppable } from './end-soon.js';

const never = new Promise<number>(() => undefined);

it('does not wait for work that goes on after the signal', async () => {
  const controller = new AbortController();
  const { result } = stoppable(controller.signal, 5);
  const outcome = result(never);
  controller.abort();
  await expect(outcome).rejects.toBe(controller.signal.reason);
  await expect(stoppable(AbortSignal.abort(), 5).result(never)).rejects.toThrow(/abort/i);
});

it('waits for work that must be finished, and for the work that follows from it', async () => {
  const controller = new AbortController();
  const { finishing, result } = stoppable(controller.signal, 50);
  const work = finishing(async () => {
    controller.abort();
    await sleep(200);
    return 'saved';
  }).then(async (word) => {
    await sleep(1);
    return `${word} and reported`;
  });
  expect(await result(work)).toBe('saved and reported');
});

it('gives the result or the error of work that ends', async () => {
  const { result } = stoppable(new AbortController().signal, 5);
  expect(await result(Promise.resolve(3))).toBe(3);
  await expect(result(Promise.reject(new Error('of its own')))).rejects.toThrow('of its own');
});
