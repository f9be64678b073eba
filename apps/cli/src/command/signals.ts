import { removeUnfinished } from '@dpo/base/files';
import { exitNow } from '@dpo/engine';
import { EXIT } from './run.js';

/** The signals that end a command: Ctrl-C, `kill`, a terminal that is closed. */
const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** For so many milliseconds after the first signal npm may pass on the same signal again. */
const ECHO_MS = 300;

/**
 * The signal that fires at the first Ctrl-C, SIGTERM or SIGHUP. A second Ctrl-C, SIGTERM or SIGHUP ends the process at once.
 *
 * @param leave called before the process ends at once
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
