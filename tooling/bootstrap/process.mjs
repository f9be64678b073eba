import { spawn } from 'node:child_process';

/** An error for people: its message says everything. */
export class Failure extends Error {}

/** Ctrl-C or SIGTERM came while a command ran. */
export class Interrupted extends Error {}

/**
 * Runs a program and resolves to its exit code, with the end of its output where that is captured (`quiet`). Ctrl-C reaches the
 * program by itself (the terminal sends it to both); SIGTERM is passed on. This process waits until the program has
 * cleaned up.
 */
export function run(program, args, { quiet = false, cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const windows = process.platform === 'win32';
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      // npm is a script there, which only a shell starts.
      shell: windows,
    });
    let output = '';
    const keep = (data) => {
      output = (output + data).slice(-8000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    let interrupted = false;
    const onInterrupt = () => {
      interrupted = true;
    };
    const onTerminate = () => {
      interrupted = true;
      child.kill('SIGTERM');
    };
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onTerminate);
    const done = (settle) => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      settle();
    };
    child.on('error', (error) => done(() => reject(new Failure(`${program} cannot be started: ${error.message}`))));
    child.on('close', (code, signal) =>
      done(() => {
        // A program that ended by itself after Ctrl-C says with its own code how it went.
        if (interrupted && (quiet || code === null)) reject(new Interrupted());
        else resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), output });
      }),
    );
  });
}
