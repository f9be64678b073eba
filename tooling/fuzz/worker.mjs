// Opens the damaged files that its parent names, who watches its time and memory. Answers come a few at a time: those that
// a file takes along when it ends the process are asked for again.
import { cleanUp, tryOne } from './try.mjs';

/** Milliseconds for which answers are collected. */
const COLLECTED = 50;

// Ctrl-C is for the parent, who has this one ended when it has the answer.
process.on('SIGINT', () => undefined);
process.on('message', async ({ name, seed, indices, lanes }) => {
  if (name === undefined) {
    await cleanUp();
    process.disconnect();
    return;
  }
  let answers = [];
  let sent = performance.now();
  const queue = indices[Symbol.iterator]();
  const open = async (lane) => {
    for (const index of queue) {
      const started = performance.now();
      const { code, stack } = await tryOne(name, seed, index, lane);
      const now = performance.now();
      answers.push({ index, code, stack, milliseconds: now - started });
      if (lanes > 1 && now - sent < COLLECTED) continue;
      process.send({ results: answers, last: false });
      answers = [];
      sent = now;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => open(lane)));
  process.send({ results: answers, last: true });
});
