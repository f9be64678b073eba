import type * as node from './peak-memory.js';

/**
 * The bytes of the page's JavaScript heap now, in browsers that tell them (Chromium); else 0. Browsers keep no record of the
 * largest number.
 */
export const peakMemory: typeof node.peakMemory = () => {
  const { memory } = performance as { readonly memory?: { readonly usedJSHeapSize?: number } };
  return memory?.usedJSHeapSize ?? 0;
};
