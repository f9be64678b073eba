import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds between two looks at a run. */
const INTERVAL = 2;

/**
 * Watches a run's folder. Events are `record K`, `rewards K`, `writing NAME` and `written NAME`: a step's record, a step's first
 * request for rewards, and a folder of the run under its temporary and under its own name.
 *
 * @param output the run's folder, which need not exist yet
 * @param requests a file with a line to each request for rewards, if the run has one, and the requests of a step
 */
export function watchRun(output, requests = { file: undefined, ofStep: 1 }) {
  /** Milliseconds at which an event was seen, by the event's name. */
  const times = new Map([['started', performance.now()]]);
  const waiting = new Map();
  const note = (event) => {
    if (times.has(event)) return;
    times.set(event, performance.now());
    waiting.get(event)?.();
  };
  const look = () => {
    const records = lines(join(output, 'metrics.jsonl'));
    for (let step = 1; step <= records; step++) note(`record ${step}`);
    const asked = requests.file === undefined ? 0 : Math.ceil(lines(requests.file) / requests.ofStep);
    for (let step = 1; step <= asked; step++) note(`rewards ${step}`);
    for (const name of names(output)) {
      const [, unfinished] = /^\.(checkpoint-\d+|final)\..*\.partial$/.exec(name) ?? [];
      note(unfinished === undefined ? `written ${name}` : `writing ${unfinished}`);
    }
  };
  const timer = setInterval(look, INTERVAL);
  return {
    times,
    note,
    /** Resolves once an event was seen. */
    sees: (event) =>
      times.has(event) ? Promise.resolve() : new Promise((resolve) => waiting.set(event, () => resolve(undefined))),
    /** What is going on now, in words. */
    now() {
      look();
      const ofKind = (kind) => [...times.keys()].filter((event) => event.startsWith(kind));
      const unfinished = ofKind('writing ').filter((event) => !times.has(event.replace('writing', 'written')));
      return [`with ${ofKind('record ').length} records`, ...unfinished].join(', ');
    },
    close() {
      look();
      clearInterval(timer);
    },
  };
}

/** The whole lines of a file; none when there is no file. */
function lines(file) {
  try {
    return readFileSync(file, 'latin1').split('\n').length - 1;
  } catch {
    return 0;
  }
}

function names(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
