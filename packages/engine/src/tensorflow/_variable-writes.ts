import type { Pointer } from './_c-api.js';
import type { NativeVariable } from './_variable.js';
import { readNow, type Use, writesAndReads } from './_variable-use.js';
import type { Graph, Node } from './graph.js';
import { reshape } from './kernels/kernel.js';

const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);

/**
 * Writes a slice along an axis, from `start` on: as rows of the variable, viewed as a matrix. TensorFlow's operations on slices of
 * variables do not serve: after one of them, every later read copies the whole variable. Returns the variable after the write.
 */
export function writeSlice(
  graph: Graph,
  variable: NativeVariable,
  use: Use,
  slice: Node,
  axis: number,
  start: Node,
): Node {
  const size = variable.shape[axis] as number;
  const count = slice.shape[axis] as number;
  const outer = product(variable.shape.slice(0, axis));
  const inner = product(variable.shape.slice(axis + 1));
  const firsts = graph.node('Reshape', [range(graph, outer * size, size), graph.vector([outer, 1])]);
  const unchecked = graph.node('AddV2', [range(graph, count), graph.node('Reshape', [start, graph.vector([1])])]);
  const along = checked(graph, unchecked, size);
  const table = graph.node('AddV2', [firsts, graph.node('Reshape', [along, graph.vector([1, count])])]);
  const places = graph.node('Reshape', [table, graph.vector([outer * count])]);
  return inPlace(graph, variable, use, places, reshape(graph, slice, [outer * count, inner]));
}

/** Writes rows of the variable, viewed as [rows, last axis]. */
export function writePlaces(graph: Graph, variable: NativeVariable, use: Use, places: Node, rows: Node): void {
  inPlace(graph, variable, use, checked(graph, places, heightFor(variable, rows)), rows);
}

/** 0, step, … below `end`. */
function range(graph: Graph, end: number, step = 1): Node {
  return graph.node(
    'Range',
    [0, end, step].map((value) => graph.scalar('int32', value)),
  );
}

/** Places, looked up in a range, so that a place beyond the end is an error; the write itself would wrap around to 0. */
function checked(graph: Graph, places: Node, size: number): Node {
  return graph.node('GatherV2', [range(graph, size), places, graph.scalar('int32', 0)]);
}

/** The number of the variable's rows, when the variable is viewed as a matrix of such rows. */
function heightFor(variable: NativeVariable, rows: Node): number {
  return product(variable.shape) / Math.max(1, rows.shape[1] ?? 1);
}

/**
 * Writes rows into the variable's own memory. When the body holds the previous value, by a read or an earlier write, the write goes
 * into a copy. Returns the variable after the write.
 */
function inPlace(graph: Graph, variable: NativeVariable, use: Use, places: Node, rows: Node): Node {
  const matrix = (node: Node) => reshape(graph, node, [heightFor(variable, rows), rows.shape[1] ?? 1]);
  const previous = use.current ?? use.start?.node;
  const target =
    previous === undefined
      ? matrix(readNow(graph, variable, use))
      : graph.node('DeepCopy', [matrix(previous)], { stored: true });
  const result = graph.node('InplaceUpdate', [target, places, rows], { stored: true });
  use.current = reshape(graph, result, variable.shape);
  if (previous === undefined) use.writes.push(result.output.oper);
  else replace(graph, variable, use, use.current);
  return use.current;
}

/** {@link writeSlice} by an operation that XLA has. XLA lacks the operations in place, and compiles others again for each start. */
export function writeSliceInXla(
  graph: Graph,
  variable: NativeVariable,
  use: Use,
  slice: Node,
  axis: number,
  start: Node,
): Node {
  const at = graph.node('Reshape', [start, graph.vector([1])]);
  const begin =
    variable.shape.length === 1
      ? at
      : graph.node('ConcatV2', [
          variable.shape.map((_, i) => (i === axis ? at : graph.vector([0]))),
          graph.scalar('int32', 0),
        ]);
  const previous = use.current ?? use.start?.node ?? readNow(graph, variable, use);
  use.current = graph.node('XlaDynamicUpdateSlice', [previous, slice, begin], { stored: true });
  replace(graph, variable, use, use.current, [previous.output.oper]);
  return use.current;
}

/** {@link writePlaces} by an operation that XLA has, which passes over places beyond the end. */
export function writePlacesInXla(graph: Graph, variable: NativeVariable, use: Use, places: Node, rows: Node): void {
  const previous = use.current ?? use.start?.node ?? readNow(graph, variable, use);
  const table = reshape(graph, previous, [heightFor(variable, rows), rows.shape[1] ?? 1]);
  const inputs = [table, reshape(graph, places, [...places.shape, 1]), rows];
  const matrix = graph.node('TensorScatterUpdate', inputs, { stored: true });
  use.current = reshape(graph, matrix, variable.shape);
  replace(graph, variable, use, use.current, [previous.output.oper]);
}

/** Sets the variable to `value`, which is stored as the variable is. */
function replace(graph: Graph, variable: NativeVariable, use: Use, value: Node, after: readonly Pointer[] = []): void {
  const options = { attributes: { dtype: variable.type }, after: [...after, ...writesAndReads(use)], stored: true };
  use.writes.push(graph.operation('AssignVariableOp', [use.resource, value], options));
}
