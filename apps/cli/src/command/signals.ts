import { removeUnfinished } from '@dpo/base/files';
import { exitNow } from '@dpo/engine';
import { EXIT } from './run.js';

/** What ends a command: Ctrl-C, `kill`, a terminal that is closed. */
const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** So long after the first signal, npm may still pass on the one that the whole process group got. */
const ECHO_MS = 300;

/**
 * The signal that fires at the first Ctrl-C, SIGTERM or SIGHUP. A second one ends the process at once, whatever is being
 * computed.
 *
 * @param leave is called before that
 */
export function firstSignal(leave: () => void): AbortSignal {
  const controller = new AbortController();
  const underNpm = process.env.npm_lifecycle_event !== undefined;
  let first = 0;
  for (const name of names)
    process.on(name, () => {
      if (!controller.signal.aborted) {
        first = performance.now();
        controller.abort();
      } else if (!underNpm || performance.now() - first > ECHO_MS) {
        leave();
        removeUnfinished();
        exitNow(EXIT.interrupted);
      }
    });
  return controller.signal;
}
