import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, runQuietly } from './process.mjs';
import { seconds } from './progress.mjs';
import { root, say } from './root.mjs';
import { digest, isCurrent, packageFolders, writeStamp } from './stamp.mjs';

const program = join(root, 'apps', 'cli');
/** The command line's program. */
export const cli = join(program, 'dist', 'bundle', 'main.js');
const bundler = join(program, 'node_modules', 'rolldown', 'bin', 'cli.mjs');
/** The packages that compile to an index. The page of apps/web is bundled from sources. */
const compiledFolders = packageFolders(['packages', 'apps']).filter((folder) =>
  existsSync(join(folder, 'src', 'index.ts')),
);
const stamp = join(root, 'node_modules', '.dpo-built');

/** Compiles and bundles the packages, unless no source has changed since the last build. */
export async function build() {
  const current = digest([
    join(root, 'pnpm-lock.yaml'),
    join(root, 'tooling', 'tsconfig', 'base.json'),
    join(program, 'rolldown.config.mjs'),
    ...compiledFolders.flatMap((folder) => [
      join(folder, 'package.json'),
      join(folder, 'tsconfig.json'),
      ...sources(join(folder, 'src')),
    ]),
  ]);
  const isBuilt = [...compiledFolders.map((folder) => join(folder, 'dist', 'index.js')), cli].every(existsSync);
  if (isBuilt && isCurrent(stamp, current)) return;
  say('Building …');
  const start = Date.now();
  // The compiler follows the references between packages by itself; turbo would need pnpm on the PATH.
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, lines } = await runQuietly(process.execPath, [compiler, '-b', program], {
    cwd: root,
  });
  if (code !== 0) throw new Failure(`The packages do not compile:\n${lines.slice(0, 40).join('\n')}`);
  const bundling = await runQuietly(process.execPath, [bundler, '-c'], { cwd: program });
  if (bundling.code !== 0)
    throw new Failure(`The program cannot be bundled:\n${bundling.lines.slice(0, 40).join('\n')}`);
  writeStamp(stamp, current);
  say(`Built in ${seconds(Date.now() - start)}.`);
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
