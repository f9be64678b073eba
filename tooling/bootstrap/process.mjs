import { spawn } from 'node:child_process';

/** An error for people, who see its message alone. */
export class Failure extends Error {}

/** The end of a step by Ctrl-C or SIGTERM. */
export class Interrupted extends Error {}

/**
 * Runs a program in this process's terminal, and resolves to the program's exit code, also after Ctrl-C, since the program may have saved
 * its work first.
 *
 * @throws Interrupted, or Failure when a signal ended the program
 */
export async function runInForeground(program, args, { cwd, env } = {}) {
  const { code, signal } = await endOf(start(program, args, { cwd, env, stdio: 'inherit' }));
  if (signal === 'SIGINT' || signal === 'SIGTERM') throw new Interrupted();
  if (signal !== null) throw new Failure(`The command was ended by ${signal}.`);
  return code;
}

/**
 * Runs a program and hands each line of its output to `onLine`. Resolves to the exit code and the lines.
 *
 * @throws Interrupted after Ctrl-C, when the program has ended
 */
export async function runQuietly(program, args, { cwd, env, onLine } = {}) {
  const child = start(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    eachLine(stream, (line) => {
      lines.push(line);
      onLine?.(line);
    });
  }
  const { code, interrupted } = await endOf(child);
  if (interrupted) throw new Interrupted();
  return { code: code ?? 1, lines };
}

/** The program and first arguments that start npm, however this process was started. */
export function npmCommand() {
  const script = process.env.npm_execpath;
  // Under pnpm or yarn the variable names pnpm or yarn.
  return script !== undefined && /npm-cli\.c?js$/.test(script) ? [process.execPath, [script]] : ['npm', []];
}

function start(program, args, { cwd, env, stdio }) {
  // On Windows npm is a script, which only a shell starts.
  const shell = program === 'npm' && process.platform === 'win32';
  return spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio, shell });
}

function endOf(child) {
  return new Promise((resolve, reject) => {
    let interrupted = false;
    // At a terminal Ctrl-C reaches the child by itself. In both cases this process waits until the child has ended.
    const onInterrupt = () => {
      interrupted = true;
      if (process.stdin.isTTY !== true) child.kill('SIGINT');
    };
    const onTerminate = () => {
      interrupted = true;
      child.kill('SIGTERM');
    };
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onTerminate);
    const stopListening = () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    };
    child.on('error', (error) => {
      stopListening();
      const missing = error.code === 'ENOENT' ? ' It comes with Node: is it on the PATH?' : '';
      reject(new Failure(`${child.spawnfile} cannot be started: ${error.message}.${missing}`));
    });
    child.on('close', (code, signal) => {
      stopListening();
      resolve({ code, signal, interrupted });
    });
  });
}

function eachLine(stream, take) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) take(line);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
