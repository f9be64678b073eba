import { join } from 'node:path';
import { isEmptyFolder, readMark, readTextFile } from '@dpo/base/files';

/**
 * The command that began the run in a folder; undefined when the folder holds no run of ours. A run is recognised by the mark of
 * its folder, or by its `config.json` when the folder was copied without hidden files.
 */
export async function runIn(folder: string): Promise<string | undefined> {
  const mark = await readMark(folder);
  const config = await readConfig(folder);
  const command = typeof config?.command === 'string' && isOurs(config.versions) ? config.command : undefined;
  if (mark?.kind === 'run') return command ?? mark.command ?? 'train';
  return command;
}

/** Whether a run may begin in a folder: the folder is missing, is empty, or holds a run of ours. */
export async function mayHoldRun(folder: string, exists: boolean): Promise<boolean> {
  return !exists || (await runIn(folder)) !== undefined || (await isEmptyFolder(folder));
}

async function readConfig(folder: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return JSON.parse(await readTextFile(join(folder, 'config.json'))) as Readonly<Record<string, unknown>>;
  } catch {
    // A missing or damaged file says nothing: the mark alone decides.
    return undefined;
  }
}

function isOurs(versions: unknown): boolean {
  return typeof versions === 'object' && versions !== null && 'dpo' in versions;
}
