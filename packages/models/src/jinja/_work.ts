import { JinjaError } from './_jinja-error.js';

/** How much a template may do. Jinja's sandbox bounds ranges alone; a template is a stranger's program all the same. */
export interface WorkLimits {
  /** Most operations of one rendering. */
  readonly steps: number;
  /** Most characters of a text, and of all that is written. */
  readonly characters: number;
  /** How deep macros, recursive loops and expressions may call each other. */
  readonly depth: number;
}

export const defaultLimits: WorkLimits = { steps: 5_000_000, characters: 2 ** 25, depth: 200 };

/** Counts what one rendering does, and ends what does too much. */
export class Work {
  private steps = 0;
  private written = 0;
  private depth = 0;

  constructor(private readonly limits: WorkLimits) {}

  /** @throws JinjaError `limit` beyond the number of steps */
  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > this.limits.steps) throw beyond(`${this.limits.steps} steps`);
  }

  /** Counts a text that is to be made: called before it takes memory. */
  text(characters: number): void {
    if (characters > this.limits.characters) throw beyond(`a text of ${this.limits.characters} characters`);
    this.spend(characters >>> 4);
  }

  /** Counts a text put together of two: the engine shares their characters, so that little memory is taken. */
  joined(characters: number): void {
    if (characters > this.limits.characters) throw beyond(`a text of ${this.limits.characters} characters`);
    this.spend(characters >>> 7);
  }

  write(characters: number): void {
    this.written += characters;
    if (this.written > this.limits.characters) throw beyond(`${this.limits.characters} characters of text`);
  }

  /** Runs what calls itself in turn. */
  nested<T>(run: () => T): T {
    this.depth++;
    if (this.depth > this.limits.depth) throw beyond(`${this.limits.depth} calls within each other`);
    try {
      return run();
    } finally {
      this.depth--;
    }
  }
}

function beyond(limit: string): JinjaError {
  return new JinjaError('limit', `it goes beyond the limit of ${limit}`);
}
