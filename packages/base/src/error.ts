import { redact, redactDeep } from './redact.js';
import { shortened, shortenedDeep, visible } from './shown.js';

/** What a {@link DpoError} carries besides its message. */
export interface DpoErrorDetails {
  /** The values that explain the error: file, row, key, expected, received. Plain JSON. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What the user can do about it: one sentence, shown after the message. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error class of the toolkit. Every failure that a user can cause or mend carries a stable
 * `code` (`data.broken-row`, `model.truncated-file`, …), the values behind it and what to do next.
 *
 * Codes are `<area>.<what>` in kebab-case and belong to the public interface.
 *
 * Secrets are taken out of all that the error carries, its cause included: see `redact`. Message, hint and values hold what
 * files say, so long texts are cut in the middle, and what a terminal would obey is written out.
 */
export class DpoError extends Error {
  readonly code: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: DpoErrorDetails = {}) {
    super(sayable(message), details.cause === undefined ? undefined : { cause: redactDeep(details.cause) });
    this.name = 'DpoError';
    this.code = code;
    this.values = redactDeep(shortenedDeep(details.values ?? {})) as Readonly<Record<string, unknown>>;
    this.hint = details.hint === undefined ? undefined : sayable(details.hint);
  }

  /**
   * True for a DpoError of this or another copy of the package, so that it holds across installs.
   * With `code`, only for that code.
   */
  static is(value: unknown, code?: string): value is DpoError {
    if (!(value instanceof Error) || value.name !== 'DpoError' || !('code' in value)) return false;
    return code === undefined || value.code === code;
  }
}

/** The longest message: what a person still reads. */
const LONGEST = 2000;

/** Cut twice, so that a secret which the first cut parts is not at a place that the second one leaves. */
function sayable(text: string): string {
  return shortened(visible(redact(shortened(text, 4 * LONGEST))), LONGEST);
}
