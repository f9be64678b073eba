import { DpoError } from '@dpo/base';

/** An error as the page shows it. */
export interface ErrorText {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What a browser says when memory is full, in V8, SpiderMonkey and JavaScriptCore. */
const outOfMemory =
  /allocation failed|out of memory|invalid (typed )?array length|could not allocate|memory access out of bounds/i;

/**
 * An error as texts. Errors of the library are shown as they are. Errors of the browser that a reader can do something about get a
 * code and a hint: full memory, full storage.
 */
export function describeError(error: unknown): ErrorText {
  if (DpoError.is(error)) return { code: error.code, message: error.message, hint: error.hint };
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  if (outOfMemory.test(message))
    return {
      code: 'page.out-of-memory',
      message: `The browser gives this page no more memory (${message}).`,
      hint: 'Take fewer pairs to a step or a smaller longest pair, keep LoRA, close other tabs, or take a smaller model.',
    };
  if (name === 'QuotaExceededError')
    return {
      code: 'file.storage-full',
      message: 'The browser gives this page no more room for files.',
      hint: 'Free some space on the disk, or discard the training that is kept here.',
    };
  return { code: 'page.unexpected', message: `${name}: ${message}` };
}
