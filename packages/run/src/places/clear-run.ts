import { lstat, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, removeOwn } from '@dpo/base/files';
import { runIn } from './own-run.js';

/** Files that a training writes into its run folder. */
const files =
  /^(config\.json|(metrics|warnings|skipped-batch-\d+)\.jsonl|evaluation\.json|report\.html|report(-pairs)?\.csv|comparison\.(html|csv)|events\.out\.tfevents\..*)$/;
/** Folders of a training; each has a mark. */
const folders = /^(final|((torn|later)-)?checkpoint-\d+(-\d+)?)$/;
/** Files that the demo writes besides. */
const demoFiles = /^((held-out-)?prompts\.jsonl|samples\.jsonl|held-out-before\.jsonl|pairs\.arrow)$/;
const demoFolders = /^base$/;

/**
 * Removes the files and folders of a run from the run's folder. Other entries stay, and so does the folder. A link to a folder
 * stays, and the folder behind the link is cleared. A link in the place of a file is removed, since the next run would write
 * through the link; the file behind the link may be anybody's, and stays.
 */
export async function clearRun(folder: string): Promise<void> {
  const demo = (await runIn(folder)) === 'demo';
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // A link among the entries may have led to another entry, which has been removed by now.
    const stats = await lstat(path).catch(() => undefined);
    if (folders.test(name) || (demo && demoFolders.test(name)))
      await clearFolder(path, stats?.isSymbolicLink() ?? false);
    else if ((stats?.isFile() || stats?.isSymbolicLink()) && (files.test(name) || (demo && demoFiles.test(name))))
      await rm(path);
  }
}

async function clearFolder(path: string, isLink: boolean): Promise<void> {
  const folder = await realpath(path).catch(() => path);
  await removeOwn(folder);
  // A link that leads nowhere would end the run when the folder is written again.
  if (isLink && folder !== path) await makeFolder(folder);
}
