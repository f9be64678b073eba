import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A name for a process, for use in file names: `PID-START-PLACE`. START stands for the moment at which the process began, which
 * tells the process from a later one with the same number. PLACE stands for the machine and its space of process numbers (a
 * container has its own).
 */
export type ProcessTag = string;

/** A pattern of tags, for patterns of file names. */
export const tagPattern = '\\d+-[0-9a-f]{8}-[0-9a-f]{8}';

/** The START of a process on a system that does not report starts. */
const UNKNOWN = '0'.repeat(8);

let cachedTag: ProcessTag | undefined;

/** The tag of this process. */
export function ownTag(): ProcessTag {
  cachedTag ??= `${process.pid}-${startOf(process.pid) ?? UNKNOWN}-${placeTag()}`;
  return cachedTag;
}

/** The state of a tag's process. `elsewhere`: on another machine or in another container, which cannot be asked. */
export function stateOf(tag: ProcessTag): 'running' | 'gone' | 'elsewhere' {
  const [pid, start, place] = tag.split('-');
  if (place !== placeTag()) return 'elsewhere';
  if (!isRunning(Number(pid))) return 'gone';
  const now = startOf(Number(pid)) ?? UNKNOWN;
  return start === UNKNOWN || now === UNKNOWN || start === now ? 'running' : 'gone';
}

function placeTag(): string {
  return shortHash(`${hostname()} ${attempt(() => readlinkSync('/proc/self/ns/pid')) ?? ''}`);
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  // A zombie has ended, and only its number is still in use.
  if (processStat(pid)?.[0] === 'Z') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user runs, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A hash of the moment at which a process began: ticks since the machine's start on Linux, a date on macOS. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const ticks = processStat(pid)?.[19];
    const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
    return ticks === undefined ? undefined : shortHash(`${boot ?? ''} ${ticks}`);
  }
  if (process.platform === 'win32') return undefined;
  const date = attempt(() => execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim());
  return date ? shortHash(date) : undefined;
}

/** The fields of `/proc/PID/stat` behind the command's name (state, parent, …). The name may hold blanks and brackets. */
function processStat(pid: number): string[] | undefined {
  return attempt(() =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' '),
  );
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
