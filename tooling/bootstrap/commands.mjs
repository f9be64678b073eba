import { join } from 'node:path';
import { build, cli } from './build.mjs';
import { pnpmEnv, pnpmExec } from './pnpm.mjs';
import { Failure, runInForeground, runQuietly } from './process.mjs';
import { root } from './root.mjs';

/** Runs the command line. */
export function runDpo(args) {
  // npm starts scripts in the repository's root; paths in the arguments are relative to the user's folder.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  // The program's hints name the command as users type it here.
  return runInForeground(process.execPath, [cli, ...args], { cwd, env: { DPO_PROGRAM: 'npm run dpo --' } });
}

/** Measures our training beside TRL's. */
export async function runBench(args) {
  await build();
  const code = await runInForeground(process.execPath, [cli, 'engine', 'install', '--if-missing']);
  if (code !== 0) return code;
  return runInForeground(process.execPath, [join(root, 'tooling', 'bench', 'run.mjs'), ...args], { cwd: root });
}

/** Builds the page that trains in a browser, and serves its files on this machine. */
export async function runWeb(args) {
  const web = join(root, 'apps', 'web');
  const { code, lines } = await runQuietly(process.execPath, [join(web, 'build.mjs')], { cwd: web });
  if (code !== 0) throw new Failure(`The page cannot be built:\n${lines.slice(0, 40).join('\n')}`);
  return runInForeground(process.execPath, [join(web, 'serve.mjs'), ...args], { cwd: web });
}

/** Whether pnpm's arguments install, add or remove packages. */
export function changesPackages(args) {
  const word = args.find((arg) => !arg.startsWith('-'));
  return ['install', 'i', 'add', 'remove', 'rm', 'update', 'up', 'dedupe'].includes(word);
}

/** Runs pnpm of the pinned version, for users without pnpm. */
export function runPnpm(args) {
  const [program, all] = pnpmExec(args);
  return runInForeground(program, all, { cwd: root, env: pnpmEnv() });
}
