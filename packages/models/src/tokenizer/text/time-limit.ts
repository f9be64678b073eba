import { DpoError } from '@dpo/base';

/** Milliseconds that cutting a text into words may take at least. */
const LEAST = 2000;
/** Milliseconds more for each character: a thousand times what a pattern needs that does not step back. */
const EACH = 0.02;

type Run = (call: () => void, timeout: number) => void;
let run: Run | undefined;

/** Node's `vm` can stop a regular expression. Where there is none, in a browser, nothing is limited. */
function limitedRun(): Run {
  const vm = (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.('node:vm');
  if (vm === undefined) return (call) => call();
  // One context for all: to make one takes longer than to tokenise a page.
  const context: { call?: () => void } = vm.createContext({});
  const script = new vm.Script('call()');
  return (call, timeout) => {
    context.call = call;
    script.runInContext(context, { timeout });
  };
}

/**
 * Runs what a tokenizer's patterns do with a text, and stops it when it takes too long.
 *
 * @param least milliseconds that it may take, whatever the text
 * @throws DpoError `tokenizer.endless-pattern`
 */
export function limitTime<T>(text: string, patterns: readonly string[], call: () => T, least: number = LEAST): T {
  run ??= limitedRun();
  let result: T | undefined;
  try {
    run(
      () => {
        result = call();
      },
      Math.ceil(least + EACH * text.length),
    );
    return result as T;
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
}
