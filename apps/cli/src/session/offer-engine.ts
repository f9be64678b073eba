import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@dpo/base/files';
import { cacheFolder, findLibrary, hasGpu, wheelFor } from '@dpo/engine';
import { megabytes } from '@dpo/run/command-line';
import type { Context } from '../command/define.js';
import { installWithProgress } from '../commands/engine.js';

/**
 * Notes before any work that TensorFlow is not installed and the portable engine computes, and which command makes training
 * faster. At a terminal the download is offered, once: the cache folder remembers a no.
 *
 * Silent when TensorFlow is found, when `--engine` names another engine, when WebGPU has a GPU, and on machines that TensorFlow has no
 * library for.
 */
export async function offerEngine(options: { readonly engine: string }, context: Context): Promise<void> {
  if (options.engine !== 'auto') return;
  const wheel = wheelFor(false);
  if (wheel === undefined || (await findLibrary()) !== undefined || (await hasGpu())) return;
  const size = megabytes(wheel.bytes);
  context.note(
    'TensorFlow is not installed, so the portable engine (WebAssembly) computes: the same results, several times slower.',
  );
  if (context.ask !== undefined && !(await wasOffered())) {
    const answer = await context.ask(`Fetch TensorFlow now (${size} to download, once)? [Y/n] `);
    if (/^(|y|yes)$/i.test(answer.trim())) {
      await installWithProgress(false, context);
      return;
    }
    await keepAnswer();
  }
  context.note(`Faster: dpo engine install (${size} to download, once).`);
}

const answerFile = () => join(cacheFolder(), 'engine-was-offered');

async function wasOffered(): Promise<boolean> {
  return (await stat(answerFile()).catch(() => undefined)) !== undefined;
}

/** When the cache folder cannot be written, the offer is made again next time, which is no reason to fail. */
async function keepAnswer(): Promise<void> {
  await makeFolder(cacheFolder())
    .then(() => writeFile(answerFile(), ''))
    .catch(() => undefined);
}
