import { DpoError } from '@dpo/base';

/** Milliseconds that cutting a text into words may take, and what is added for each character of it. */
const LEAST = 2000;
const EACH = 0.02;

type Vm = typeof import('node:vm');

/** Node's `vm` can stop a regular expression. Where there is none, in a browser, nothing is limited. */
function openVm(): Vm | undefined {
  return (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.('node:vm');
}

/**
 * Runs what a tokenizer's patterns do with a text, and stops it when it takes too long.
 *
 * @throws DpoError `tokenizer.endless-pattern`
 */
export function limitTime<T>(text: string, patterns: readonly string[], call: () => T): T {
  const vm = openVm();
  if (vm === undefined) return call();
  const context: { call: () => T; result?: T } = { call };
  const timeout = Math.ceil(LEAST + EACH * text.length);
  try {
    vm.runInNewContext('result = call()', context, { timeout });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const shown = patterns.map((pattern) => `/${pattern.slice(0, 80)}/`).join(', ');
    throw new DpoError(
      'tokenizer.endless-pattern',
      `A pattern of tokenizer.json steps back without end on a text of ${text.length} characters: ${shown}.`,
      {
        values: {
          patterns: patterns.map((pattern) => pattern.slice(0, 200)),
          characters: text.length,
          text: text.slice(0, 80),
        },
        hint: 'Repetitions inside of repetitions, as in (a+)+, do so. Write the pattern without, or leave the text out.',
        cause: error,
      },
    );
  }
  return context.result as T;
}
