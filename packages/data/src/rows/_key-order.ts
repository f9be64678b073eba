/**
 * One order of names, learnt from lists that each hold some of them: it keeps the order of every list, where lists do not
 * contradict each other; what contradicts earlier lists is left aside.
 */
export class KeyOrder {
  #names: string[] = [];
  /** The names that stand right before a name in some list. */
  readonly #before = new Map<string, Set<string>>();

  get names(): readonly string[] {
    return this.#names;
  }

  /** True where the list changed the order, or brought a new name. */
  add(list: readonly string[]): boolean {
    if (this.#holds(list)) return false;
    const old = this.#names.join('\n');
    for (const name of list) if (!this.#names.includes(name)) this.#names.push(name);
    for (const [i, name] of list.entries()) {
      const previous = list[i - 1];
      if (previous === undefined || this.#comesBefore(name, previous)) continue;
      this.#before.set(name, (this.#before.get(name) ?? new Set()).add(previous));
    }
    this.#names = this.#sorted();
    return this.#names.join('\n') !== old;
  }

  #holds(list: readonly string[]): boolean {
    let from = 0;
    return list.every((name) => {
      from = this.#names.indexOf(name, from) + 1;
      return from > 0;
    });
  }

  /** Whether lists so far say that a name comes before another. */
  #comesBefore(name: string, other: string): boolean {
    return [...(this.#before.get(other) ?? [])].some(
      (previous) => previous === name || this.#comesBefore(name, previous),
    );
  }

  /** The names as they are, each behind those that must come before it. */
  #sorted(): string[] {
    const sorted = new Set<string>();
    const place = (name: string): void => {
      if (sorted.has(name)) return;
      for (const previous of this.#before.get(name) ?? []) place(previous);
      sorted.add(name);
    };
    for (const name of this.#names) place(name);
    return [...sorted];
  }
}
