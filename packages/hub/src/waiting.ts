import type { HubSettings } from './settings.js';

/** How often whoever waits is told. */
const tickMs = 1000;

/** Says every second that something is waited for, until it has come or failed. */
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
