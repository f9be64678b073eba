import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('..', import.meta.url));

/** The line of the caller's code: the first stack frame outside dependencies, Node and this package; undefined without such a frame. */
export function callerLine(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  for (const frame of stack.split('\n').slice(1)) {
    const place = /\(([^()]+)\)$/.exec(frame)?.[1] ?? /at (?:async )?(\S+)$/.exec(frame)?.[1];
    if (place === undefined || !place.includes(':')) continue;
    const path = place.startsWith('file:') ? place.slice('file://'.length) : place;
    if (path.startsWith('node:') || path.includes('/node_modules/') || path.includes('\\node_modules\\')) continue;
    if (path === '<anonymous>' || path === 'native') continue;
    // This package's own tests count as callers.
    if (path.startsWith(HERE) && !/\.test\.[tj]s:/.test(path)) continue;
    return path;
  }
  return undefined;
}

/** " (called from FILE:LINE:COLUMN)"; an empty text when the line is unknown. */
export function calledFrom(line: string | undefined): string {
  return line === undefined ? '' : ` (called from ${line})`;
}
