import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { Region, RegionCall } from '../region.js';
import type { Pointer } from './_c-api.js';
import type { Context, Handle } from './_context.js';
import { graphFunction } from './_graph-function.js';
import { type RegionCompiler, TraceBackend, withBackend } from './_trace-backend.js';
import { type Attribute, Graph, type Node } from './graph.js';
import { asStored } from './kernels/kernel.js';
import { DATA_TYPES, type StoredType } from './native-tensor.js';

/** Which regions become functions: those that are large enough to gain, all, or none. */
export type RegionChoice = 'auto' | 'always' | 'never';

/** From so many elements of the largest input on, a region saves more than its call costs. */
const LARGE = 2 ** 18;

/** An input or an output of a region's function. */
interface Slot {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
}

/** A region as a function of the context, for inputs of certain types and shapes. */
interface RegionFunction {
  readonly region: Region;
  readonly name: string;
  readonly fn: Pointer;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** Whether the body gives a list. */
  readonly isList: boolean;
}

/** How an engine compiles regions. */
export interface RegionsOptions {
  readonly choice: RegionChoice;
  /** Called once, when XLA first fails to compile a region. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

let count = 0;

/**
 * The regions of an engine as functions that XLA compiles: one for each combination of a region, its numbers, and the types and
 * shapes of its inputs, however many functions and layers call it.
 */
export class Regions implements RegionCompiler {
  readonly #functions = new Map<Region, Map<string, RegionFunction>>();
  readonly #refused = new Set<Region>();
  #untried: RegionFunction[] = [];
  #warned = false;

  constructor(
    readonly context: Context,
    readonly options: RegionsOptions,
  ) {}

  fuses(region: Region, inputs: readonly tf.Tensor[]): boolean {
    const { choice } = this.options;
    if (choice === 'never' || this.#refused.has(region)) return false;
    return choice === 'always' || inputs.some(({ size }) => size >= LARGE);
  }

  call(graph: Graph, call: RegionCall, inputs: readonly Node[]): Node | readonly Node[] {
    const slots = inputs.map(slotOf);
    const { region, constants } = call;
    const key = `${constants}|${graph.roundProducts}|${slots.map(({ dtype, shape }) => `${dtype}[${shape}]`)}`;
    const functions = this.#functions.get(region) ?? new Map<string, RegionFunction>();
    this.#functions.set(region, functions);
    let fn = functions.get(key);
    if (fn === undefined) {
      fn = this.#trace(call, slots, graph.roundProducts);
      functions.set(key, fn);
      this.#untried.push(fn);
    }
    const operation = addCall(graph, fn, inputs);
    const outputs = fn.outputs.map(({ shape }, i) => {
      graph.setShape(operation, shape, i);
      return graph.output(operation, region.name, i);
    });
    return fn.isList ? outputs : (outputs[0] as Node);
  }

  /**
   * Lets XLA compile the regions that were called first since the last time, by a run on zeros: a failure in the middle of a step
   * would leave some variables updated and others not. Returns false when XLA fails to compile a region: the region is no function
   * from then on, and functions that call it must be traced again.
   *
   * @throws DpoError `engine.out-of-memory`
   */
  async compile(): Promise<boolean> {
    const functions = this.#untried;
    const failures: { readonly region: Region; readonly error: DpoError }[] = [];
    // Two at a time: more would hold more inputs at once.
    const next = functions.values();
    const lane = async () => {
      for (const fn of next) {
        const error = await this.#failureOf(fn);
        if (error !== undefined) failures.push({ region: fn.region, error });
      }
    };
    await Promise.all([lane(), lane()]);
    this.#untried = [];
    for (const { region } of failures) this.#refused.add(region);
    const [first] = failures;
    if (first !== undefined) this.#warn(first.region, first.error);
    return first === undefined;
  }

  dispose(): void {
    for (const functions of this.#functions.values())
      for (const { fn } of functions.values()) this.context.api.TF_DeleteFunction(fn);
    this.#functions.clear();
  }

  /** Records a region's operations as a function. */
  #trace({ region, body }: RegionCall, inputs: readonly Slot[], roundProducts: boolean): RegionFunction {
    const graph = new Graph(this.context.api, { roundProducts, xla: true });
    try {
      const backend = new TraceBackend(graph);
      const places = inputs.map(({ dtype, shape }) => graph.placeholder(dtype, shape));
      const { nodes, isList } = withBackend(backend, () => recordBody(backend, body, places), 'region');
      const results = nodes.map((node, i) => {
        const isRounded = roundProducts && node.dtype === 'float32' && region.rounded.includes(i);
        return isRounded ? graph.rounded(node) : graph.widened(node);
      });
      const name = `region_${region.name.replace(/[^A-Za-z0-9]/g, '_')}_${count++}`;
      const fn = graphFunction(this.context, graph, name, {
        inputs: places.map(({ output }) => output),
        outputs: results.map(({ output }) => output),
        control: [],
      });
      return { region, name, fn, inputs, outputs: results.map(slotOf), isList };
    } finally {
      graph.dispose();
    }
  }

  /** The error with which a region's function fails on zeros; undefined when it runs. */
  async #failureOf(fn: RegionFunction): Promise<DpoError | undefined> {
    const { context } = this;
    const name = `try_${fn.name}`;
    const graph = new Graph(context.api);
    const zeros: Handle[] = [];
    try {
      const places = fn.inputs.map(({ dtype, shape }) => graph.placeholder(dtype, shape));
      const control = [addCall(graph, fn, places)];
      const inputs = places.map(({ output }) => output);
      context.api.TF_DeleteFunction(graphFunction(context, graph, name, { inputs, outputs: [], control }));
      for (const { dtype, shape } of fn.inputs) zeros.push(context.zeros(shape, dtype));
      await context.executeAsync({ name, label: `region ${fn.region.name}`, inputs: zeros, outputs: 0 });
      context.removeFunction(name);
      return undefined;
    } catch (error) {
      if (DpoError.is(error) && error.code === 'engine.tensorflow-failed') return error;
      throw error;
    } finally {
      for (const handle of zeros) context.release(handle);
      graph.dispose();
    }
  }

  #warn({ name }: Region, { message }: DpoError): void {
    if (this.#warned) return;
    this.#warned = true;
    this.options.onWarning?.(
      `XLA cannot compile the fused region ${name} on this machine, so that its operations run one by one, which takes longer and gives the same numbers: ${message}`,
    );
  }
}

function slotOf({ dtype, shape, bfloat16 }: Node): Slot {
  return { dtype: bfloat16 ? 'bfloat16' : dtype, shape };
}

/** The operations of a region's body on placeholders. */
function recordBody(backend: TraceBackend, body: RegionCall['body'], places: readonly Node[]) {
  let nodes: readonly Node[] = [];
  let isList = false;
  tf.tidy(() => {
    const outputs = body(places.map((node) => backend.tensor(node)));
    isList = !(outputs instanceof tf.Tensor);
    nodes = [outputs].flat().map((output) => backend.node(output as tf.Tensor));
  });
  return { nodes, isList };
}

/** Adds a call of a region's function, which XLA compiles, to a graph. */
function addCall(graph: Graph, { name, fn, inputs, outputs }: RegionFunction, nodes: readonly Node[]): Pointer {
  graph.useFunction(fn);
  const types = (slots: readonly Slot[]): Attribute => ({ types: slots.map(({ dtype }) => DATA_TYPES[dtype]) });
  return graph.operation('PartitionedCall', [nodes], {
    ...asStored,
    attributes: {
      Tin: types(inputs),
      Tout: types(outputs),
      f: { function: name },
      _XlaMustCompile: { bool: true },
      // The optimiser would put the operations back into the function.
      _noinline: { bool: true },
    },
  });
}
