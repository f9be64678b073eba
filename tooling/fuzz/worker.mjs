// Opens damaged files one after another, as it is told by its parent, who watches its time and memory.
import { cleanUp, tryOne } from './try.mjs';

// Ctrl-C is for the parent, who has this one ended when it has the answer.
process.on('SIGINT', () => undefined);
process.on('message', async ({ name, seed, index }) => {
  if (name === undefined) {
    await cleanUp();
    process.disconnect();
    return;
  }
  process.send(await tryOne(name, seed, index));
});
