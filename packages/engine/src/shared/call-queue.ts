/**
 * Runs work in the order in which it was asked for. Work that comes while nothing is under way starts at once, so that
 * a synchronous piece has run when {@link CallQueue.add} returns.
 */
export class CallQueue {
  #tail: Promise<unknown> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Runs asynchronous work after all work added before. A failure of {@link CallQueue.add}'s work surfaces here. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const start = (): Promise<T> => {
      this.throwFailure();
      return work();
    };
    return this.#follow(this.#tail === undefined ? attempt(start) : this.#tail.then(start, start));
  }

  /** Runs synchronous work: now if nothing is under way, else after the work added before. */
  add(work: () => void): void {
    if (this.#tail === undefined) {
      work();
      return;
    }
    const later = () => {
      try {
        work();
      } catch (error) {
        this.#failure ??= { error };
      }
    };
    this.#follow(this.#tail.then(later, later));
  }

  /** Throws what work given to {@link CallQueue.add} threw while nobody could catch it; once. */
  throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  #follow<T>(work: Promise<T>): Promise<T> {
    this.#tail = work;
    const done = () => {
      if (this.#tail === work) this.#tail = undefined;
    };
    work.then(done, done);
    return work;
  }
}

/** An error thrown before the first await, as a rejection. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
