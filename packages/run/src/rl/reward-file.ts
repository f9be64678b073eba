import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { DpoError, type Text } from '@dpo/base';
import { asFileError } from '@dpo/base/files';

/** A reward that a module of the user's computes. */
export interface RewardFile {
  /** Calls the module's default export with a prompt and its answers. */
  ask(prompt: Text, answers: readonly string[]): Promise<readonly number[]>;
  /** Ends the thread, whatever runs there. */
  close(): Promise<void>;
}

/** The script of the thread. An endless loop in a thread of its own can be ended. */
const SCRIPT = `
const { parentPort, workerData } = require('node:worker_threads');
const say = (message) => parentPort.postMessage(message);
const why = (error) => String((error && error.message) || error);
const opened = import(workerData.url).then((module) => module.default);
opened.then(
  (reward) => say({ id: 0, kind: typeof reward }),
  (error) => say({ id: 0, error: why(error) }),
);
parentPort.on('message', async ({ id, prompt, answers }) => {
  try {
    say({ id, rewards: await (await opened)(prompt, answers) });
  } catch (error) {
    say({ id, error: why(error) });
  }
});
`;

/** A message of the thread. Message 0 says how the module was loaded. */
interface Reply {
  readonly id: number;
  readonly kind?: string;
  readonly rewards?: readonly number[];
  readonly error?: string;
}

/**
 * Opens a module whose default export is `(prompt, answers) => Promise<number[]>`, in a thread of its own.
 *
 * @param seconds that the module may take to load
 * @throws {DpoError} `reward.cannot-load` when the module cannot be imported in time, `reward.not-a-function` when its default export
 * is no function; what finding the file throws. From `ask`: an `Error` with the message of what the function threw
 */
export async function openRewardFile(path: string, seconds: number): Promise<RewardFile> {
  await stat(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const worker = new Worker(SCRIPT, { eval: true, workerData: { url: pathToFileURL(resolve(path)).href } });
  worker.unref();
  const waiting = new Map<number, (reply: Reply) => void>();
  const reply = (id: number) => new Promise<Reply>((settle) => waiting.set(id, settle));
  const loaded = reply(0);
  let ended: string | undefined;
  const end = (error: string) => {
    ended ??= error;
    for (const [id, settle] of waiting) settle({ id, error });
    waiting.clear();
    worker.unref();
  };
  worker.on('message', (message: Reply) => {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', (error) => end(error.message));
  worker.on('exit', () => end('its thread ended'));
  const close = async () => {
    await worker.terminate();
  };
  try {
    await checkLoaded(path, seconds, loaded);
  } catch (error) {
    await close();
    throw error;
  }
  let lastId = 0;
  return {
    async ask(prompt, answers) {
      if (ended !== undefined) throw new Error(ended);
      const id = ++lastId;
      const next = reply(id);
      worker.ref();
      worker.postMessage({ id, prompt, answers });
      const { rewards, error } = await next;
      if (error !== undefined) throw new Error(error);
      return rewards ?? [];
    },
    close,
  };
}

async function checkLoaded(path: string, seconds: number, loaded: Promise<Reply>): Promise<void> {
  const waiting = new AbortController();
  const late = wait<Reply>(1000 * seconds, { id: 0, error: `it took more than ${seconds} s` }, waiting);
  late.catch(() => undefined);
  const { kind, error } = await Promise.race([loaded, late]).finally(() => waiting.abort());
  if (error !== undefined)
    throw new DpoError('reward.cannot-load', `${path} cannot be loaded as a reward: ${error}.`, {
      values: { path, why: error },
      hint: 'The file must be a module that Node can import: FILE.mjs with all that it imports.',
    });
  if (kind !== 'function')
    throw new DpoError('reward.not-a-function', `${path} exports no function by default, but ${kind}.`, {
      values: { path, kind },
      hint: 'Write: export default async (prompt, answers) => answers.map((answer) => answer.length);',
    });
}
