/** The kind of fault: the template's syntax, an operation, the template's own `raise_exception`, or a work limit. */
export type JinjaFault = 'syntax' | 'runtime' | 'raised' | 'limit';

/** An error of a template, with its line. */
export class JinjaError extends Error {
  override readonly name = 'JinjaError';
  /** The line in the template, from 1. The interpreter adds the line when it is undefined. */
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

/** The error of an operation that fails in Python. */
export function failure(message: string): JinjaError {
  return new JinjaError('runtime', message);
}
