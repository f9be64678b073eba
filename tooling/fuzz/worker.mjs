// Opens damaged files one after another, a stretch of them as its parent tells, who watches its time and memory.
import { cleanUp, tryOne } from './try.mjs';

// Ctrl-C is for the parent, who has this one ended when it has the answer.
process.on('SIGINT', () => undefined);
process.on('message', async ({ name, seed, from, to }) => {
  if (name === undefined) {
    await cleanUp();
    process.disconnect();
    return;
  }
  // An answer to each file: the parent knows from them which file is open, and nobody waits for anybody.
  for (let index = from; index < to; index++) process.send({ index, ...(await tryOne(name, seed, index)) });
});
