import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { DType, FunctionBody } from '../types.js';
import { calledFrom, callerLine } from './_caller.js';
import type { Context } from './_context.js';
import { graphFunction } from './_graph-function.js';
import { type RegionCompiler, TraceBackend, withBackend } from './_trace-backend.js';
import { TraceScope } from './_trace-scope.js';
import type { NativeVariable } from './_variable.js';
import { Graph, type Node } from './graph.js';
import { cast } from './kernels/kernel.js';

/** The type of an argument. A function is traced once for each combination of types. */
export interface Signature {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A traced function, added to the context under `name`. */
export interface Compiled {
  readonly name: string;
  /** The variables, whose handles follow the arguments. */
  readonly variables: readonly NativeVariable[];
  /** The names of the outputs, in order. */
  readonly outputs: readonly string[];
  /** The number of the graph's operations. */
  readonly operations: number;
}

/** How a body is traced. */
export interface TraceOptions {
  /** Whether XLA compiles the function. */
  readonly xla: boolean;
  /** Whether the inputs of matrix products are rounded to bfloat16. */
  readonly roundProducts: boolean;
  /** Compiles regions. Without it, their operations become part of the function. */
  readonly regions?: RegionCompiler | undefined;
}

let count = 0;

/** Runs a function's body once on symbolic tensors, and makes the recorded graph callable in the context. */
export function trace<Out extends string>(
  context: Context,
  label: string,
  body: FunctionBody<string, Out>,
  signature: readonly Signature[],
  options: TraceOptions,
): Compiled {
  const graph = new Graph(context.api, options);
  try {
    const { placeholders, resources, results, control } = record(context, graph, label, body, signature, options);
    // TensorFlow allows only letters, digits and a few signs in names.
    const name = `${label.replace(/[^A-Za-z0-9]/g, '_')}_${count++}`;
    const inputs = [...placeholders.map(({ output }) => output), ...resources.values()];
    const outputs = [...results.values()].map(({ output }) => output);
    context.api.TF_DeleteFunction(graphFunction(context, graph, name, { inputs, outputs, control }));
    return { name, variables: [...resources.keys()], outputs: [...results.keys()], operations: graph.size };
  } finally {
    graph.dispose();
  }
}

/**
 * The line of the caller's code that made an operation of a traced function, such as `MatMul_12`. The body runs once more to find
 * the line, so that lines cost nothing as long as nothing fails.
 */
export function lineOf<Out extends string>(
  context: Context,
  label: string,
  body: FunctionBody<string, Out>,
  signature: readonly Signature[],
  options: TraceOptions & { readonly watched: string },
): string | undefined {
  const graph = new Graph(context.api, options);
  try {
    record(context, graph, label, body, signature, options);
    return graph.watchedLine;
  } finally {
    graph.dispose();
  }
}

/** Records a body's operations in a graph. */
function record<Out extends string>(
  context: Context,
  graph: Graph,
  label: string,
  body: FunctionBody<string, Out>,
  signature: readonly Signature[],
  { xla, regions }: TraceOptions,
) {
  const backend = new TraceBackend(graph, regions);
  return withBackend(backend, () => {
    const scope = new TraceScope(backend, context, xla);
    const placeholders = signature.map(({ dtype, shape }) => graph.placeholder(dtype, shape));
    const results = new Map<Out, Node>();
    tf.tidy(() => {
      const inputs = Object.fromEntries(
        signature.map(({ name }, i) => [name, backend.tensor(placeholders[i] as Node)]),
      );
      collectNodes(results, label, backend, runBody(body, scope, inputs));
    });
    const control = scope.finish();
    return { placeholders, resources: scope.resources, results, control };
  });
}

function runBody<Out extends string>(
  body: FunctionBody<string, Out>,
  scope: TraceScope,
  inputs: Readonly<Record<string, tf.Tensor>>,
): Readonly<Record<Out, tf.Tensor>> {
  try {
    return body(scope, inputs);
  } catch (error) {
    // tfjs throws an error of its own, which only its text tells apart.
    const kernel =
      error instanceof Error ? /gradient function not found for (\w+)/.exec(error.message)?.[1] : undefined;
    if (kernel === undefined) throw error;
    throw new DpoError('engine.no-gradient', `The op ${kernel} has no gradient.`, {
      values: { op: kernel },
      hint: 'Use other tfjs ops, or give the function a gradient by tf.customGrad.',
      cause: error,
    });
  }
}

function collectNodes<Out extends string>(
  nodes: Map<Out, Node>,
  label: string,
  backend: TraceBackend,
  outputs: Readonly<Record<Out, tf.Tensor>>,
): void {
  if (outputs instanceof Promise || typeof outputs !== 'object' || outputs === null)
    throw new DpoError('engine.wrong-result', `The body of ${label} must return an object of tensors, at once.`, {
      hint: 'A body is run once to record its operations; it cannot wait for anything.',
    });
  for (const name of Object.keys(outputs) as Out[]) {
    const tensor: unknown = outputs[name];
    if (!(tensor instanceof tf.Tensor))
      throw new DpoError(
        'engine.wrong-result',
        `Output ${name} of ${label} is not a tensor${calledFrom(callerLine())}.`,
      );
    const node = backend.graph.widened(backend.node(tensor));
    nodes.set(name, node.dtype === 'bool' ? cast(backend.graph, node, 'int32') : node);
  }
}
