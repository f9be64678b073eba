import { DpoError } from '@dpo/base';

/** The time limit of an empty text, in milliseconds. */
const LEAST = 2000;
/** Additional milliseconds for each character: a thousand times the need of a pattern that does not step back. */
const EACH = 0.02;

type Run = (call: () => void, timeout: number) => void;
let run: Run | undefined;

/** A function that runs another with a time limit. Only Node's `vm` can stop a regular expression; browsers have no limit. */
function limitedRun(): Run {
  const vm = (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.('node:vm');
  if (vm === undefined) return (call) => call();
  // One context serves all calls: making a context takes longer than tokenising a page.
  const context: { call?: () => void } = vm.createContext({});
  const script = new vm.Script('call()');
  return (call, timeout) => {
    context.call = call;
    script.runInContext(context, { timeout });
  };
}

/**
 * Runs `call`, which applies a tokenizer's patterns to a text, and stops it after too long a time.
 *
 * @param patterns the patterns' sources, for the message
 * @param least the time limit of an empty text, in milliseconds
 * @throws {DpoError} `tokenizer.endless-pattern`
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
    const sources = patterns.map((pattern) => `/${pattern.slice(0, 80)}/`).join(', ');
    throw new DpoError(
      'tokenizer.endless-pattern',
      `A pattern of tokenizer.json steps back without end on a text of ${text.length} characters: ${sources}.`,
      {
        values: {
          patterns: patterns.map((pattern) => pattern.slice(0, 200)),
          characters: text.length,
          text: text.slice(0, 80),
        },
        hint: 'Repetitions inside of repetitions, as in (a+)+, do so. Write the pattern without them, or leave the text out.',
        cause: error,
      },
    );
  }
}
