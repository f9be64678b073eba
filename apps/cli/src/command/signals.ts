import { removeUnfinished } from '@dpo/base/files';
import { exitNow } from '@dpo/engine';
import { EXIT } from './run.js';

/** The signals that end a command: Ctrl-C, `kill`, a terminal that is closed. */
const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The variable in the environment of a worker that `dpo launch` has started, and holds a channel to. */
export const LAUNCHED = 'DPO_LAUNCHED';

/** For so many milliseconds after the first signal npm may pass on the same signal again. */
const ECHO_MS = 300;

/**
 * The signal that fires at the first Ctrl-C, SIGTERM or SIGHUP, and in a worker when its `dpo launch` has ended. A second Ctrl-C, SIGTERM or SIGHUP ends the process at once.
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
  if (process.env[LAUNCHED] !== undefined && process.connected) {
    process.once('disconnect', () => controller.abort());
    // The channel must not keep the worker from ending.
    process.channel?.unref();
    // Nobody reads the notes any more.
    process.stderr.on('error', () => undefined);
  }
  return controller.signal;
}
