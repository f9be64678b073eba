import type { Pointer } from './_c-api.js';

/** Operations whose result is their input's memory, only seen otherwise. */
const SHARES_MEMORY = new Set(['Identity', 'Reshape']);

/** Who uses whom in a graph under construction. */
export class GraphEdges {
  readonly #sources = new Map<Pointer, readonly Pointer[]>();
  readonly #users = new Map<Pointer, Pointer[]>();
  readonly #sharing = new Set<Pointer>();

  /** Records an operation with the operations that it waits for. */
  add(operation: Pointer, type: string, sources: readonly Pointer[]): void {
    this.#sources.set(operation, sources);
    if (SHARES_MEMORY.has(type)) this.#sharing.add(operation);
    for (const source of sources) {
      const users = this.#users.get(source);
      if (users === undefined) this.#users.set(source, [operation]);
      else users.push(operation);
    }
  }

  /**
   * The operations that use the memory of `operation`'s result and that no path leads from to `later`: those that may
   * still hold it when `later` have run.
   */
  usesBeside(operation: Pointer, later: readonly Pointer[]): Pointer[] {
    const before = this.#reach(later, (node) => this.#sources.get(node) ?? []);
    const uses = this.#reach([operation], (node) =>
      node === operation || this.#sharing.has(node) ? (this.#users.get(node) ?? []) : [],
    );
    uses.delete(operation);
    return [...uses].filter((use) => !before.has(use));
  }

  #reach(start: readonly Pointer[], next: (node: Pointer) => readonly Pointer[]): Set<Pointer> {
    const seen = new Set(start);
    // A set is walked in order of insertion, what is added on the way included.
    for (const node of seen) for (const neighbour of next(node)) seen.add(neighbour);
    return seen;
  }
}
