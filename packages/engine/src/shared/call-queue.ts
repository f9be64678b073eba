/**
 * Runs work in the order of the calls. Work starts at once when no other is running, so that synchronous work is then done when
 * {@link CallQueue.add} returns.
 */
export class CallQueue {
  #tail: Promise<unknown> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Runs asynchronous work after all earlier work. Rejects with the error of earlier {@link CallQueue.add} work, if any. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const start = (): Promise<T> => {
      this.throwFailure();
      return work();
    };
    return this.#follow(this.#tail === undefined ? attempt(start) : this.#tail.then(start, start));
  }

  /** Runs synchronous work: now when no other work is running, else after all earlier work. */
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

  /** Throws the error of {@link CallQueue.add} work that ran when no caller could catch it. Each error is thrown once. */
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

/** Starts work; an error before the first await becomes a rejection. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
