import { type ChildProcess, spawn } from 'node:child_process';

/** How a program ended, and the end of what it said to standard error. */
export interface Ended {
  /** Its exit code; `missing` where there is no such program. */
  readonly code: number | 'missing' | null;
  readonly output: string;
}

/**
 * What a shell does around a program. The shell and the program are a process group of their own. The shell's input is a pipe
 * to this process, which closes when this process ends, also by SIGKILL, which no handler sees: then the group is killed.
 */
const lifeline = `
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
{ while read -r line; do :; done <&3; kill -KILL 0; } >/dev/null 2>&1 &
watch=$!
wait "$program"
code=$?
kill -KILL "$watch"
exit "$code"
`;

/** What a shell says of a program that is not there. */
const notFound = 127;

/**
 * Runs a program that does not outlive this process, however this process ends, and whose own children do not either. When
 * the signal fires the program is killed. On Windows only the program itself is, and only by the signal.
 *
 * @throws the signal's reason, when the program is gone
 */
export async function runBound(
  program: string,
  args: readonly string[],
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal | undefined },
): Promise<Ended> {
  signal?.throwIfAborted();
  const grouped = process.platform !== 'win32';
  const child = grouped
    ? spawn('/bin/sh', ['-c', lifeline, 'sh', program, ...args], {
        env,
        detached: true,
        stdio: ['pipe', 'ignore', 'pipe'],
      })
    : spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  // The pipe breaks when the shell ends first.
  child.stdin?.on('error', () => undefined);
  const stop = (): void => kill(child, grouped);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const { code, output } = await ended(child, stop);
    signal?.throwIfAborted();
    return { code: grouped && code === notFound ? 'missing' : code, output };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function kill(child: ChildProcess, grouped: boolean): void {
  if (child.pid === undefined) return;
  if (!grouped) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

async function ended(child: ChildProcess, stop: () => void): Promise<Ended> {
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-20_000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ code: 'missing', output });
      else reject(error);
    });
    // What the program left running goes with it, and closes its end of the pipe.
    child.on('exit', stop);
    child.on('close', (code) => resolve({ code, output }));
  });
}
