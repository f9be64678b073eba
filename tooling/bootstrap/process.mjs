import { spawn } from 'node:child_process';

/** An error for people: its message says everything. */
export class Failure extends Error {}

/** Ctrl-C or SIGTERM ended a step. */
export class Interrupted extends Error {}

/**
 * Runs a program with this one's terminal, and resolves to its exit code. After Ctrl-C the program's own code counts: it
 * may have saved its work first.
 */
export async function runInForeground(program, args, { cwd, env } = {}) {
  const { code, signal } = await ended(start(program, args, { cwd, env, stdio: 'inherit' }));
  if (signal === 'SIGINT' || signal === 'SIGTERM') throw new Interrupted();
  if (signal !== null) throw new Failure(`The command was ended by ${signal}.`);
  return code;
}

/**
 * Runs a program and hands each line of its output to `onLine`. Resolves to its exit code and the lines themselves. Throws
 * `Interrupted` after Ctrl-C, when the program has gone.
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
  const { code, interrupted } = await ended(child);
  if (interrupted) throw new Interrupted();
  return { code: code ?? 1, lines };
}

/** The program and first arguments that start npm, whichever way this was started. */
export function npmCommand() {
  const script = process.env.npm_execpath;
  // Under pnpm or yarn the variable names those.
  return script !== undefined && /npm-cli\.c?js$/.test(script) ? [process.execPath, [script]] : ['npm', []];
}

function start(program, args, { cwd, env, stdio }) {
  // On Windows npm is a script, which only a shell starts.
  const shell = program === 'npm' && process.platform === 'win32';
  return spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio, shell });
}

function ended(child) {
  return new Promise((resolve, reject) => {
    let interrupted = false;
    // At a terminal Ctrl-C reaches the child by itself. In both cases this process waits until the child has gone.
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
