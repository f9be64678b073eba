import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { stoppable } from './end-soon.js';

const never = new Promise<number>(() => undefined);

it('leaves work that does not end after the signal', async () => {
  const controller = new AbortController();
  const { result } = stoppable(controller.signal, 5);
  const left = result(never);
  controller.abort();
  await expect(left).rejects.toBe(controller.signal.reason);
  await expect(stoppable(AbortSignal.abort(), 5).result(never)).rejects.toThrow(/abort/i);
});

it('waits for what is being finished, and for what comes of it', async () => {
  const controller = new AbortController();
  const { finishing, result } = stoppable(controller.signal, 50);
  const work = finishing(async () => {
    controller.abort();
    await sleep(200);
    return 'saved';
  }).then(async (saved) => {
    await sleep(1);
    return `${saved} and told`;
  });
  expect(await result(work)).toBe('saved and told');
});

it('gives the result or the error of work that ends', async () => {
  const { result } = stoppable(new AbortController().signal, 5);
  expect(await result(Promise.resolve(3))).toBe(3);
  await expect(result(Promise.reject(new Error('of its own')))).rejects.toThrow('of its own');
});
