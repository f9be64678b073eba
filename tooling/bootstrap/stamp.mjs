import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './root.mjs';

/** SHA-256 over the names and contents of files; those that do not exist are left out. */
export function digest(paths) {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const content = readFileSync(path);
    hash.update(`\n${relative(root, path)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** Whether a stamp holds this digest: the files are the same as at the last step. */
export function isCurrent(stamp, digestNow) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digestNow;
}

/** Writes a stamp after a step, by a rename: an interrupted step leaves the old stamp, and is done again by the next run. */
export function writeStamp(stamp, digestNow) {
  const beside = `${stamp}.${process.pid}`;
  writeFileSync(beside, digestNow);
  renameSync(beside, stamp);
}

/** The folders of the workspace's packages in `groups`, by default all. */
export function packageFolders(groups = ['packages', 'apps', 'tooling']) {
  return groups.flatMap((group) =>
    readdirSync(join(root, group))
      .sort()
      .map((name) => join(root, group, name))
      .filter((folder) => existsSync(join(folder, 'package.json'))),
  );
}
