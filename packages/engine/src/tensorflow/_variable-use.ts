import type * as tf from '@tensorflow/tfjs-core';
import type { Output, Pointer } from './_c-api.js';
import type { NativeVariable } from './_variable.js';
import type { Graph, Node } from './graph.js';

/** The use of a variable in a trace. */
export interface Use {
  /** The function's input that takes the variable's handle. */
  readonly resource: Output;
  /** The value when the call began; present once the body has read the variable. */
  start?: { readonly node: Node; readonly tensor: tf.Tensor };
  /** Writes of slices so far, in order. */
  readonly writes: Pointer[];
  /** The value after the writes. */
  current?: Node;
  /** Whether the call updates the variable at its end. */
  isUpdated: boolean;
}

/** The variable's value at this point of the call. */
export function readNow(graph: Graph, variable: NativeVariable, { resource }: Use): Node {
  const operation = graph.operation('ReadVariableOp', [resource], { attributes: { dtype: variable.type } });
  graph.setShape(operation, variable.shape);
  return graph.output(operation, 'ReadVariableOp');
}

/** The operations that must run before the variable changes: the call's read of the variable, and the last write of a slice. */
export function writesAndReads({ start, writes }: Use): Pointer[] {
  return [...(start === undefined ? [] : [start.node.output.oper]), ...writes.slice(-1)];
}
