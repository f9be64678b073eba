import type { HubSettings } from './settings.js';

/** Milliseconds between two reports of a wait. */
const tickMs = 1000;

/** Waits for `work`, and reports the wait every second. */
export async function whileWaiting<T>(
  { onWaiting }: HubSettings,
  host: string,
  what: string,
  work: Promise<T>,
): Promise<T> {
  let seconds = 0;
  const timer = setInterval(() => onWaiting?.({ host, what, seconds: ++seconds }), tickMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
