import { DpoError } from '@dpo/base';

/** The options of turning rows into tokens. Limits are in tokens; without a limit nothing is cut. */
export interface EncodeOptions {
  /** The largest number of tokens of prompt and answer together. Longer answers are cut at their end, and get no EOS. */
  readonly maxLength?: number | undefined;
  /** The largest number of tokens of the prompt. Longer prompts are cut at their beginning. */
  readonly maxPromptLength?: number | undefined;
  /** False appends no EOS to answers, for texts that are cut off. Default true. */
  readonly eos?: boolean | undefined;
  /** The number of the first row, for errors. Default 0. */
  readonly firstRow?: number | undefined;
  /** Called with the error of every row that cannot be encoded; the row is skipped. Without it the first error is thrown. */
  readonly onError?: ((error: DpoError) => void) | undefined;
}

/** Checks limits. @throws DpoError `options.invalid` for a limit that is not a positive integer */
export function checkLimits(options: EncodeOptions): void {
  for (const name of ['maxLength', 'maxPromptLength'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new DpoError('options.invalid', `${name} must be a positive integer, not ${value}.`, {
      values: { [name]: value },
    });
  }
}
