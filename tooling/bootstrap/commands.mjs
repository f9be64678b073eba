import { join } from 'node:path';
import { build, cli } from './build.mjs';
import { pnpmEnv, pnpmExec } from './pnpm.mjs';
import { runInForeground } from './process.mjs';
import { root } from './root.mjs';

/** Runs the command line. */
export function runDpo(args) {
  // npm starts scripts in the repository's root; paths in the arguments are meant from where the user is.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  // The program's hints print the command that is typed here.
  return runInForeground(process.execPath, [cli, ...args], { cwd, env: { DPO_PROGRAM: 'npm run dpo --' } });
}

/** Measures training beside TRL's. */
export async function runBench(args) {
  await build();
  const code = await runInForeground(process.execPath, [cli, 'engine', 'install', '--if-missing']);
  if (code !== 0) return code;
  return runInForeground(process.execPath, [join(root, 'tooling', 'bench', 'run.mjs'), ...args], { cwd: root });
}

/** Whether pnpm's own arguments install, add or remove packages. */
export function changesPackages(args) {
  const word = args.find((arg) => !arg.startsWith('-'));
  return ['install', 'i', 'add', 'remove', 'rm', 'update', 'up', 'dedupe'].includes(word);
}

/** Runs pnpm of the pinned version, for those who have none. */
export function runPnpm(args) {
  const [program, all] = pnpmExec(args);
  return runInForeground(program, all, { cwd: root, env: pnpmEnv() });
}
