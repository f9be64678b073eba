// Opens the damaged files that the parent names. The parent watches time and memory. Answers are sent a few at a time; when a file
// ends the process, the parent asks again for the answers that were not sent.
import { cleanUp, tryOne } from './try.mjs';

/** For how many milliseconds answers are collected. */
const COLLECTING = 50;

// The parent handles Ctrl-C, and ends this process after the answer.
process.on('SIGINT', () => undefined);
process.on('message', async ({ name, seed, indices, lanes }) => {
  if (name === undefined) {
    await cleanUp();
    process.disconnect();
    return;
  }
  let answers = [];
  let lastSend = performance.now();
  const queue = indices[Symbol.iterator]();
  const openFiles = async (lane) => {
    for (const index of queue) {
      const start = performance.now();
      const { code, stack } = await tryOne(name, seed, index, lane);
      const now = performance.now();
      answers.push({ index, code, stack, milliseconds: now - start });
      if (lanes > 1 && now - lastSend < COLLECTING) continue;
      process.send({ results: answers, last: false });
      answers = [];
      lastSend = now;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => openFiles(lane)));
  process.send({ results: answers, last: true });
});
