import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, run } from './process.mjs';

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const say = (line) => process.stderr.write(`${line}\n`);

/** Installs the dependencies by the pnpm that package.json pins, unless they are as the lockfile says already. */
export async function install() {
  const stamp = join(root, 'node_modules', '.dpo-installed');
  const wanted = digest([join(root, 'pnpm-lock.yaml'), ...manifests()]);
  if (readStamp(stamp) === wanted) return;
  say(`Installing the dependencies (about 120 MB to download, once) with ${manifest.packageManager} …`);
  await pnpm(['install', '--frozen-lockfile', '--prefer-offline'], 'The dependencies cannot be installed');
  writeStamp(stamp, wanted);
}

/** Compiles the packages, unless no source has changed since. */
export async function build() {
  const stamp = join(root, 'node_modules', '.dpo-built');
  const wanted = digest([join(root, 'pnpm-lock.yaml'), ...sources()]);
  if (readStamp(stamp) === wanted && existsSync(join(root, 'apps', 'cli', 'dist', 'main.js'))) return;
  say('Building …');
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  const args = [turbo, 'run', 'build', '--output-logs=errors-only', '--log-order=grouped'];
  const { code, output } = await run(process.execPath, args, { quiet: true, cwd: root, env: quietTurbo });
  if (code !== 0) throw new Failure(`The packages do not build:\n${output}`);
  writeStamp(stamp, wanted);
}

const quietTurbo = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };

async function pnpm(args, failure) {
  // npm fetches pnpm itself, so that nothing has to be there but npm.
  const npm = process.env.npm_execpath;
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const command = [...first, 'exec', '--yes', `--package=${manifest.packageManager}`, '--', 'pnpm', ...args];
  // What npm hands to its scripts as configuration is not meant for pnpm.
  const env = { CI: process.env.CI ?? '1', npm_config_loglevel: 'error', npm_config_update_notifier: 'false' };
  // At a terminal pnpm shows its own progress.
  const { code, output } = await run(program, command, { quiet: !process.stderr.isTTY, cwd: root, env });
  if (code === 0) return;
  const network = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|META_FETCH_FAIL|request to .* failed/.test(output);
  const hint = network ? 'The package registry cannot be reached: check the network and npm’s settings.\n' : '';
  throw new Failure(`${failure}. ${hint}${output.trim().split('\n').slice(-12).join('\n')}`);
}

function manifests() {
  return ['packages', 'apps', 'tooling'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name, 'package.json'))
      .filter((path) => existsSync(path)),
  );
}

function sources() {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((name) => [
      join(root, group, name, 'tsconfig.json'),
      ...filesBelow(join(root, group, name, 'src')),
    ]),
  );
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function digest(paths) {
  const hash = createHash('sha256').update(process.version);
  for (const path of paths) {
    if (!existsSync(path)) continue;
    hash.update(path.slice(root.length)).update(String(statSync(path).size)).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Written last and in one go: an interrupted run leaves no stamp, and the next one begins again. */
function writeStamp(path, text) {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
