import { shortened, shortenedDeep, visible } from './printable.js';
import { redact, redactDeep } from './redact.js';

/** The parts of a {@link DpoError} besides its message. */
export interface DpoErrorDetails {
  /** The values that explain the error: file, row, key, expected, received. Plain JSON. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What the user can do about the error: one sentence, printed after the message. */
  readonly hint?: string;
  /** The error behind this error. */
  readonly cause?: unknown;
}

/**
 * The one error class of the toolkit. Every failure that a user can cause or mend carries a stable
 * `code` (`data.broken-row`, `model.truncated-file`, …), the values behind it and what to do next.
 *
 * Codes are `<area>.<what>` in kebab-case and belong to the public interface.
 *
 * Secrets are removed from all parts of the error, its cause included: see `redact`. Message, hint and values may quote files, so
 * long texts are cut in the middle, and control characters are written out.
 */
export class DpoError extends Error {
  readonly code: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: DpoErrorDetails = {}) {
    super(printable(message), details.cause === undefined ? undefined : { cause: redactDeep(details.cause) });
    this.name = 'DpoError';
    this.code = code;
    this.values = redactDeep(shortenedDeep(details.values ?? {})) as Readonly<Record<string, unknown>>;
    this.hint = details.hint === undefined ? undefined : printable(details.hint);
  }

  /**
   * True for a DpoError of this copy or another copy of the package. With `code`, true only for an error with that code.
   */
  static is(value: unknown, code?: string): value is DpoError {
    if (!(value instanceof Error) || value.name !== 'DpoError' || !('code' in value)) return false;
    return code === undefined || value.code === code;
  }
}

/** The largest number of characters of a message that a person still reads. */
const MAX_LENGTH = 2000;

/** The text for a message. Cut twice: the second cut removes the place where the first may have cut a secret in two. */
function printable(text: string): string {
  return shortened(visible(redact(shortened(text, 4 * MAX_LENGTH))), MAX_LENGTH);
}
