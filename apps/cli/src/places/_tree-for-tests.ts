import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** All that is in a folder: a line to an entry, with the content of files and the targets of links. */
export async function treeOf(folder: string, below = ''): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = join(below, name);
    const stats = await lstat(join(folder, path));
    if (stats.isSymbolicLink()) lines.push(`${path} -> ${await readlink(join(folder, path))}`);
    else if (stats.isDirectory()) lines.push(`${path}/`, ...(await treeOf(folder, path)));
    else
      lines.push(
        `${path} ${createHash('sha256')
          .update(await readFile(join(folder, path)))
          .digest('hex')}`,
      );
  }
  return lines;
}
