import type { Output, Pointer } from './_c-api.js';
import type { Context } from './_context.js';
import { checked } from './_status.js';
import { type Graph, outputArray } from './graph.js';

/** What a function takes and gives, and what it runs besides. */
export interface FunctionBorder {
  readonly inputs: readonly Output[];
  readonly outputs: readonly Output[];
  /** Operations that run although no output needs them. */
  readonly control: readonly Pointer[];
}

/** Makes a function of a graph, and adds the function to the context. The caller deletes the function. */
export function graphFunction(
  context: Context,
  graph: Graph,
  name: string,
  { inputs, outputs, control }: FunctionBorder,
): Pointer {
  const { api } = context;
  const fn = checked(api, name, (status) =>
    api.TF_GraphToFunctionWithControlOutputs(
      graph.handle,
      name,
      0,
      // All operations of the graph.
      -1,
      null,
      inputs.length,
      outputArray(inputs),
      outputs.length,
      outputArray(outputs),
      outputs.map((_, i) => `output_${i}`),
      control.length,
      BigUint64Array.from(control),
      control.map((_, i) => `update_${i}`),
      null,
      null,
      status,
    ),
  );
  try {
    context.addFunction(fn);
    return fn;
  } catch (error) {
    api.TF_DeleteFunction(fn);
    throw error;
  }
}
