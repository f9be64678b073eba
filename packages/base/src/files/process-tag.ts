import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A name for a process that holds in file names: `PID-START-PLACE`. START stands for the moment at which the process began,
 * so that a process that got the same number later is not taken for it; PLACE for the machine and its space of process numbers
 * (a container has its own).
 */
export type ProcessTag = string;

/** What a tag looks like, for patterns of file names. */
export const tagPattern = '\\d+-[0-9a-f]{8}-[0-9a-f]{8}';

/** Stands for a start that the system does not tell. */
const UNKNOWN = '0'.repeat(8);

let own: ProcessTag | undefined;

/** The tag of this process. */
export function ownTag(): ProcessTag {
  own ??= `${process.pid}-${startOf(process.pid) ?? UNKNOWN}-${placeTag()}`;
  return own;
}

/** Whether the process of a tag runs. `elsewhere`: on another machine or in another container, which cannot be asked. */
export function stateOf(tag: ProcessTag): 'running' | 'gone' | 'elsewhere' {
  const [pid, start, place] = tag.split('-');
  if (place !== placeTag()) return 'elsewhere';
  if (!isRunning(Number(pid))) return 'gone';
  const now = startOf(Number(pid)) ?? UNKNOWN;
  return start === UNKNOWN || now === UNKNOWN || start === now ? 'running' : 'gone';
}

function placeTag(): string {
  return short(`${hostname()} ${attempt(() => readlinkSync('/proc/self/ns/pid')) ?? ''}`);
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  // A zombie has ended: only its number is still taken.
  if (processStat(pid)?.[0] === 'Z') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process began, as the system tells it: ticks since the machine's start on Linux, a date on macOS. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const ticks = processStat(pid)?.[19];
    const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
    return ticks === undefined ? undefined : short(`${boot ?? ''} ${ticks}`);
  }
  if (process.platform === 'win32') return undefined;
  const date = attempt(() => execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim());
  return date ? short(date) : undefined;
}

/** The fields of `/proc/PID/stat` after the command's name, which may hold blanks and brackets: state, parent, … */
function processStat(pid: number): string[] | undefined {
  return attempt(() =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' '),
  );
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
