import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pnpmEnv, pnpmExec } from './pnpm.mjs';
import { Failure, runQuietly } from './process.mjs';
import { progressLine, seconds } from './progress.mjs';
import { manifest, root, say } from './root.mjs';
import { digest, isCurrent, packageFolders, writeStamp } from './stamp.mjs';

/** The size of the download for one platform. */
const megabytes = 140;

const stamp = join(root, 'node_modules', '.dpo-installed');

/** Installs the dependencies of the lockfile, unless they are installed. */
export async function install() {
  const current = digest([
    join(root, 'package.json'),
    join(root, 'pnpm-workspace.yaml'),
    join(root, 'pnpm-lock.yaml'),
    ...packageFolders().map((folder) => join(folder, 'package.json')),
  ]);
  if (isCurrent(stamp, current)) return;
  const again = existsSync(stamp);
  const size = again ? 'what is new' : `about ${megabytes} MB to download, once`;
  say(`Installing the dependencies with ${manifest.packageManager.replace('@', ' ')} (${size}) …`);
  const start = Date.now();
  rmSync(stamp, { force: true });
  const count = await installPackages();
  writeStamp(stamp, current);
  const what = count === 0 ? 'Nothing was missing' : `Installed ${count} packages`;
  say(`${what} (${seconds(Date.now() - start)}).`);
}

async function installPackages() {
  const progress = progressLine();
  const watch = watchInstallation(progress);
  const [program, args] = pnpmExec(['install', '--frozen-lockfile', '--prefer-offline', '--reporter=ndjson']);
  try {
    const { code, lines } = await runQuietly(program, args, { cwd: root, env: pnpmEnv(), onLine: watch.onLine });
    if (code !== 0) throw new Failure(explain(watch.errors.length > 0 ? watch.errors : lines));
  } finally {
    progress.end();
  }
  return watch.count();
}

/** Follows pnpm's log, a JSON object on each line. */
function watchInstallation(progress) {
  let packages = 0;
  let ready = 0;
  let bytes = 0;
  const errors = [];
  function onLine(line) {
    const event = parseEvent(line);
    if (event === undefined) return;
    if (event.name === 'pnpm:progress' && event.status === 'resolved') packages++;
    if (event.name === 'pnpm:progress' && event.status === 'imported') ready++;
    if (event.name === 'pnpm:fetching-progress' && event.status === 'started') bytes += event.size ?? 0;
    if (event.level === 'error') errors.push(event.err?.message ?? event.message ?? line);
    if (ready > 0) progress.update(`  ${ready} of ${packages} packages, ${Math.round(bytes / 1e6)} MB downloaded`);
  }
  return { onLine, errors, count: () => packages };
}

function parseEvent(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** One message about the lines that npm and pnpm printed. */
export function explain(lines) {
  const messages = lines.map((line) => withoutLogins(line.replace(/^npm (error|ERR!) ?/, '').trim()));
  const text = messages.join('\n');
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|META_FETCH_FAIL|NO_OFFLINE/.test(
      text,
    )
  )
    return 'The dependencies cannot be downloaded: the package registry does not answer, and no cache has them all. Connect to the network, or set npm’s registry or proxy (npm config), and run this again.';
  if (/ENOSPC/.test(text)) return 'The disk is full: the dependencies need about 700 MB.';
  if (/EACCES|EPERM|EROFS/.test(text))
    return `The dependencies cannot be written: ${firstWith(messages, /EACCES|EPERM|EROFS/)}`;
  const last = messages.filter((line) => line !== '' && !/complete log of this run/.test(line)).slice(-8);
  return `The dependencies cannot be installed.\n${last.join('\n')}`;
}

/** A line without the logins and queries of addresses, and without tokens, since a registry's address may hold a password. */
function withoutLogins(line) {
  return line
    .replace(/:\/\/\S*:(?!\d+\/)\S*@/g, '://***@')
    .replace(/:\/\/[^\s/]*@/g, '://***@')
    .replace(/(:\/\/[^\s?]*\?)\S+/g, '$1***')
    .replace(/(_auth(?:Token)?\s*[=:]\s*|\b(?:Bearer|Basic) )\S+/gi, '$1***');
}

function firstWith(lines, pattern) {
  return lines.find((line) => pattern.test(line));
}
