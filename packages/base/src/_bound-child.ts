import { type ChildProcess, spawn } from 'node:child_process';

/** How a program ended. */
export interface ProgramEnd {
  /** The exit code; `missing` when the program does not exist; null after a signal. */
  readonly code: number | 'missing' | null;
  /** The last 20,000 characters of standard error. */
  readonly output: string;
}

/**
 * The shell script that runs a program. The shell and the program are a process group of their own. The shell's input is a pipe
 * from this process, which closes when this process ends, even by SIGKILL, which no handler sees. The shell then kills the group.
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

/** The exit code of a shell when the program does not exist. */
const programNotFound = 127;

/**
 * Runs a program. The program and its children do not outlive this process, however this process ends. A signal kills the
 * program. On Windows only the signal ends the program, and its children may live on.
 *
 * @throws the signal's reason, after the program has ended
 */
export async function runBound(
  program: string,
  args: readonly string[],
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal | undefined },
): Promise<ProgramEnd> {
  signal?.throwIfAborted();
  const isGroup = process.platform !== 'win32';
  const child = isGroup
    ? spawn('/bin/sh', ['-c', lifeline, 'sh', program, ...args], {
        env,
        detached: true,
        stdio: ['pipe', 'ignore', 'pipe'],
      })
    : spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  // The pipe breaks when the shell ends first.
  child.stdin?.on('error', () => undefined);
  const stop = (): void => kill(child, isGroup);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const { code, output } = await waitForEnd(child, stop);
    signal?.throwIfAborted();
    return { code: isGroup && code === programNotFound ? 'missing' : code, output };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function kill(child: ChildProcess, isGroup: boolean): void {
  if (child.pid === undefined) return;
  if (!isGroup) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

async function waitForEnd(child: ChildProcess, stop: () => void): Promise<ProgramEnd> {
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-20_000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ code: 'missing', output });
      else reject(error);
    });
    // Kills the processes that the program left running, which closes the pipe.
    child.on('exit', stop);
    child.on('close', (code) => resolve({ code, output }));
  });
}
