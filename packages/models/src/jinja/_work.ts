import { JinjaError } from './_jinja-error.js';

/** How much a template may do. Jinja's sandbox limits ranges alone, but a template is a program of a stranger. */
export interface WorkLimits {
  /** The most operations of one rendering. */
  readonly steps: number;
  /** The most characters of a text, and of the whole output. */
  readonly characters: number;
  /** How deeply calls of macros, recursive loops and expressions may be nested. */
  readonly depth: number;
}

/** The limits of a chat template. */
export const defaultLimits: WorkLimits = { steps: 5_000_000, characters: 2 ** 25, depth: 200 };

/** Counts the work of one rendering, and throws when it is too much. */
export class Work {
  private steps = 0;
  private outputSize = 0;
  private depth = 0;

  constructor(private readonly limits: WorkLimits) {}

  /** Counts operations. @throws {JinjaError} `limit` beyond the limit of steps. */
  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > this.limits.steps) throw beyond(`${this.limits.steps} steps`);
  }

  /** Counts a text that is about to be made, before it takes memory. */
  text(characters: number): void {
    if (characters > this.limits.characters) throw beyond(`a text of ${this.limits.characters} characters`);
    this.spend(characters >>> 4);
  }

  /** Counts a concatenation of two texts. JavaScript engines share the characters, so it takes little memory. */
  joined(characters: number): void {
    if (characters > this.limits.characters) throw beyond(`a text of ${this.limits.characters} characters`);
    this.spend(characters >>> 7);
  }

  /** Counts characters of the output. */
  write(characters: number): void {
    this.outputSize += characters;
    if (this.outputSize > this.limits.characters) throw beyond(`${this.limits.characters} characters of text`);
  }

  /** Runs a function that may call itself, and counts its depth. */
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
