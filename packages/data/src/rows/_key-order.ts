/**
 * One order of names, learnt from lists that each hold some of the names. It keeps the order of every list, except where a
 * list contradicts earlier ones.
 */
export class KeyOrder {
  #names: string[] = [];
  /** The names that stand right before a name in some list. */
  readonly #before = new Map<string, Set<string>>();

  get names(): readonly string[] {
    return this.#names;
  }

  /** Takes a list in, and returns true when the list changed the order or brought a new name. */
  add(list: readonly string[]): boolean {
    const holds = this.#holds(list);
    // A list that agrees with the order is learnt as well: without its pairs a later list could bring names out of its order.
    this.#learn(list);
    if (holds) return false;
    const old = this.#names.join('\n');
    for (const name of list) if (!this.#names.includes(name)) this.#names.push(name);
    this.#names = this.#sorted();
    return this.#names.join('\n') !== old;
  }

  /** Keeps which names stand right before others in a list, except where the list contradicts earlier ones. */
  #learn(list: readonly string[]): void {
    for (const [i, name] of list.entries()) {
      const previous = list[i - 1];
      if (previous === undefined) continue;
      const before = this.#before.get(name);
      if (before?.has(previous) || this.#comesBefore(name, previous)) continue;
      this.#before.set(name, (before ?? new Set()).add(previous));
    }
  }

  #holds(list: readonly string[]): boolean {
    let from = 0;
    return list.every((name) => {
      from = this.#names.indexOf(name, from) + 1;
      return from > 0;
    });
  }

  /** True when some list put `name` before `other`, directly or through names between them. */
  #comesBefore(name: string, other: string): boolean {
    return [...(this.#before.get(other) ?? [])].some(
      (previous) => previous === name || this.#comesBefore(name, previous),
    );
  }

  /** The names in their present order, each behind the names that must come before it. */
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
