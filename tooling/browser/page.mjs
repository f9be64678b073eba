// The page's script: trains two steps, loads the page anew, goes on from the checkpoint in the page's private files, trains all
// three steps without a break, and sends the numbers to the test's server.
import { directoryFiles, memoryFiles } from '@dpo/core';
import { threeSteps } from './three-steps.mjs';

const CHECKPOINT = 'checkpoint-2.bin';

async function twoHalves() {
  const files = directoryFiles(await navigator.storage.getDirectory());
  if (!(await files.names()).includes(CHECKPOINT)) {
    await threeSteps(files, { until: 2 });
    location.reload();
    return new Promise(() => undefined);
  }
  return threeSteps(files, { resume: CHECKPOINT });
}

const outcome = await (async () => {
  const resumed = await twoHalves();
  return { ...(await threeSteps(memoryFiles())), resumed };
})().catch((error) => ({ error: String(error?.stack ?? error) }));
await fetch('/outcome', { method: 'POST', body: JSON.stringify(outcome) });
