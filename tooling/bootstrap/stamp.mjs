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

/** Whether the last step that wrote this stamp saw the same files. */
export function isCurrent(stamp, wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

/** Written after the step, in one go: an interrupted step leaves the old stamp, and the next run does it again. */
export function writeStamp(stamp, wanted) {
  const beside = `${stamp}.${process.pid}`;
  writeFileSync(beside, wanted);
  renameSync(beside, stamp);
}

/** The folders of the workspace's packages: those in `groups`, or all. */
export function packageFolders(groups = ['packages', 'apps', 'tooling']) {
  return groups.flatMap((group) =>
    readdirSync(join(root, group))
      .sort()
      .map((name) => join(root, group, name))
      .filter((folder) => existsSync(join(folder, 'package.json'))),
  );
}
