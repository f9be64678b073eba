import type { Graph, Node } from '../graph.js';
import { DATA_TYPES, type ElementType } from '../native-tensor.js';

/** The inputs and attributes of a kernel's call. */
export interface KernelCall {
  readonly graph: Graph;
  /** The input of a tfjs name. */
  input(name: string): Node;
  /** All inputs in order, for kernels that take a list. */
  readonly inputs: readonly Node[];
  /** tfjs's attributes of the kernel. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Adds a tfjs kernel to the graph as TensorFlow operations. */
export type Kernel = (call: KernelCall) => Node | readonly Node[];

/** tfjs kernel names and how to add them. */
export type KernelTable = Readonly<Record<string, Kernel>>;

/** The node in an element type; the node itself when it has the type already. */
export function cast(graph: Graph, x: Node, dtype: ElementType): Node {
  if (x.dtype === dtype) return x;
  return graph.node('Cast', [x], { attributes: { DstT: { type: DATA_TYPES[dtype] } } });
}

/** The node as numbers. tfjs computes with booleans, and TensorFlow does not. */
export function numeric(graph: Graph, x: Node): Node {
  return x.dtype === 'bool' ? cast(graph, x, 'int32') : x;
}

/** How an operation that only moves values takes them: as they are stored. */
export const asStored = { stored: true } as const;

/** The same for an operation that joins values, which must all be stored alike. */
export function asStoredAlike(nodes: readonly Node[]): { readonly stored: boolean } {
  return { stored: nodes.every(({ bfloat16 }) => bfloat16) };
}

/** The node in a shape; the node itself when it has the shape already. */
export function reshape(graph: Graph, x: Node, shape: readonly number[]): Node {
  const same = shape.length === x.shape.length && shape.every((size, axis) => size === x.shape[axis]);
  return same ? x : graph.node('Reshape', [x, graph.vector(shape)], asStored);
}

/** An axis counted from the front. */
export function axisOf(axis: unknown, rank: number): number {
  const signed = Array.isArray(axis) ? Number(axis[0]) : Number(axis ?? 0);
  return signed < 0 ? signed + rank : signed;
}

/** An attribute that is a list of integers. */
export function integers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : [Number(value)];
}
