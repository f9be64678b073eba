/** What went wrong: the template's syntax, an operation, the template's own `raise_exception`, or a work limit. */
export type JinjaFault = 'syntax' | 'runtime' | 'raised' | 'limit';

/** An error of a template, with the line where it happened. */
export class JinjaError extends Error {
  override readonly name = 'JinjaError';
  /** The line in the template, from 1; filled in by the interpreter where the thrower does not know it. */
  line: number | undefined;

  constructor(
    readonly fault: JinjaFault,
    message: string,
    line?: number,
  ) {
    super(message);
    this.line = line;
  }
}

/** An operation that Python refuses. */
export function failure(message: string): JinjaError {
  return new JinjaError('runtime', message);
}
