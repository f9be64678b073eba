import type { Pointer } from './_c-api.js';

/** Operations whose result shares the memory of their input. */
const SHARES_MEMORY = new Set(['Identity', 'Reshape']);

/** The edges of a graph under construction: which operation uses which. */
export class GraphEdges {
  readonly #sources = new Map<Pointer, readonly Pointer[]>();
  readonly #users = new Map<Pointer, Pointer[]>();
  readonly #sharing = new Set<Pointer>();

  /** Adds an operation with the operations that it waits for. */
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
   * The operations that use the memory of `operation`'s result and from which no path leads to `later`. They may still hold the
   * memory when the operations of `later` have run.
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
    const nodes = new Set(start);
    // The loop also visits nodes that are added on the way, since a set iterates in the order of insertion.
    for (const node of nodes) for (const neighbour of next(node)) nodes.add(neighbour);
    return nodes;
  }
}
