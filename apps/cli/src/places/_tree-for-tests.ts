import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** The entries of a folder, a line to each, with digests of files and targets of links. */
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
