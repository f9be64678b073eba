import { DpoError } from '@dpo/base';

/** Where to cut what is too long, in tokens. Without a limit nothing is cut. */
export interface EncodeOptions {
  /** Most tokens of prompt and answer together; what is over is cut from the answer's end, and then no EOS follows. */
  readonly maxLength?: number | undefined;
  /** Most tokens of the prompt; what is over is cut from its beginning. */
  readonly maxPromptLength?: number | undefined;
  /** False appends no EOS to answers, for texts that were cut off. Default true. */
  readonly eos?: boolean | undefined;
  /** The number of the first pair, as errors name it. Default 0. */
  readonly firstRow?: number | undefined;
  /** Is told of every row that cannot be encoded; the row is left out. Without it the first such row is thrown. */
  readonly onError?: ((error: DpoError) => void) | undefined;
}

/** @throws DpoError `options.invalid` for a limit that is no positive integer */
export function checkLimits(options: EncodeOptions): void {
  for (const name of ['maxLength', 'maxPromptLength'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw new DpoError('options.invalid', `${name} must be a positive integer, not ${value}.`, {
      values: { [name]: value },
    });
  }
}
