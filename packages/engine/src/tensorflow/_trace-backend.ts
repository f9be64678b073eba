import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { FusingBackend, Region, RegionCall } from '../region.js';
import { calledFrom, callerLine } from './_caller.js';
import type { Graph, Node } from './graph.js';
import { kernelTable } from './kernel-table.js';
import type { ElementType } from './native-tensor.js';

/** The data of a traced tensor: a node of the graph, or values that become a constant at their first use. */
interface Entry {
  node?: Node;
  readonly values?: ArrayLike<number>;
  readonly shape: readonly number[];
  readonly dtype: ElementType;
  references: number;
}

/** Makes functions of regions. */
export interface RegionCompiler {
  /** Whether a region with such inputs becomes a function of its own. */
  fuses(region: Region, inputs: readonly tf.Tensor[]): boolean;
  /** Adds a call of the region's function to the graph, and returns the outputs: a node, or a list when the body gives a list. */
  call(graph: Graph, call: RegionCall, inputs: readonly Node[]): Node | readonly Node[];
}

/** The tfjs backend under which a function's body runs once for tracing. Its tensors are nodes of a TensorFlow graph. */
export class TraceBackend extends tf.KernelBackend implements FusingBackend {
  readonly #entries = new Map<object, Entry>();

  constructor(
    readonly graph: Graph,
    readonly regions?: RegionCompiler | undefined,
  ) {
    super();
  }

  fuses(region: Region, inputs: readonly tf.Tensor[]): boolean {
    return this.regions?.fuses(region, inputs) ?? false;
  }

  /** A tensor that stands for a node. */
  tensor(node: Node): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.tensorInfo(node));
  }

  /** The node behind a tensor. Tensors of other backends become constants. */
  node(tensor: tf.TensorInfo): Node {
    const entry = this.#entries.get(tensor.dataId);
    if (entry === undefined) return this.#foreign(tensor);
    entry.node ??= this.graph.constant(entry.dtype, entry.shape, entry.values ?? []);
    return entry.node;
  }

  tensorInfo(node: Node): tf.TensorInfo {
    const dataId = {};
    this.#entries.set(dataId, { node, shape: node.shape, dtype: node.dtype, references: 1 });
    return { dataId, shape: [...node.shape], dtype: node.dtype };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
      throw new DpoError('engine.unsupported-op', `Engine functions have no ${dtype} tensors.`, { values: { dtype } });
    const dataId = {};
    this.#entries.set(dataId, { values: values as ArrayLike<number>, shape: [...shape], dtype, references: 1 });
    return dataId;
  }

  override readSync(dataId: object): tf.BackendValues {
    const entry = this.#entries.get(dataId);
    // The values of a constant can be read.
    if (entry?.values !== undefined) return entry.values as tf.TypedArray;
    const line = callerLine();
    throw new DpoError(
      'engine.traced-read',
      `A tensor of an engine function was read while the function was traced${calledFrom(line)}. It has no value yet.`,
      {
        values: { calledFrom: line },
        hint: 'Return the tensor from the function and read the result, or compute with tfjs ops.',
      },
    );
  }

  override async read(dataId: object): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (entry === undefined) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.#entries.delete(dataId);
    return true;
  }

  override incRef(dataId: object): void {
    const entry = this.#entries.get(dataId);
    if (entry !== undefined) entry.references++;
  }

  override refCount(dataId: object): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }

  override numDataIds(): number {
    return this.#entries.size;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {
    this.#entries.clear();
  }

  #foreign(tensor: tf.TensorInfo): Node {
    const owner = tf.engine().state.tensorInfo.get(tensor.dataId)?.backend;
    if (owner === undefined || owner instanceof TraceBackend) {
      const line = callerLine();
      throw new DpoError(
        'engine.foreign-tensor',
        `A tensor of another engine function, or a disposed tensor, was used${calledFrom(line)}.`,
        { values: { calledFrom: line }, hint: 'Pass tensors between functions as inputs, or keep them in variables.' },
      );
    }
    const values = owner.readSync(tensor.dataId) as tf.TypedArray;
    return this.graph.constant(tensor.dtype as ElementType, tensor.shape, values);
  }
}

/** The names of tfjs's backends under which functions are traced, and regions within functions. */
const BACKENDS = { function: 'dpo-tensorflow', region: 'dpo-tensorflow-region' } as const;
let registered = false;

/** Runs `work` with `backend` as tfjs's current backend, and restores the previous backend. */
export function withBackend<T>(backend: TraceBackend, work: () => T, traced: keyof typeof BACKENDS = 'function'): T {
  registerKernels();
  const previous: string | null = tf.getBackend();
  const name = BACKENDS[traced];
  tf.registerBackend(name, () => backend, 0);
  // `setBackend` is synchronous here, since our factory is.
  void tf.setBackend(name);
  try {
    return work();
  } finally {
    if (previous) void tf.setBackend(previous);
    tf.removeBackend(name);
  }
}

function registerKernels(): void {
  if (registered) return;
  registered = true;
  for (const backendName of Object.values(BACKENDS)) {
    for (const [kernelName, kernel] of Object.entries(kernelTable))
      tf.registerKernel({
        kernelName,
        backendName,
        kernelFunc: ({ inputs, attrs, backend }) => {
          const trace = backend as TraceBackend;
          const result = kernel({
            graph: trace.graph,
            input: (name) => trace.node(inputs[name] as tf.TensorInfo),
            get inputs() {
              return Object.values(inputs).map((tensor) => trace.node(tensor as tf.TensorInfo));
            },
            attributes: attrs ?? {},
          });
          return tensorInfos(trace, result);
        },
      });
    for (const kernelName of knownKernels())
      if (!(kernelName in kernelTable))
        tf.registerKernel({
          kernelName,
          backendName,
          kernelFunc: () => {
            throw unsupported(kernelName);
          },
        });
  }
  tf.registerKernel({ kernelName: 'FusedRegion', backendName: BACKENDS.function, kernelFunc: fusedRegion });
}

/** A call of a region's function, for a region that the backend fuses. */
function fusedRegion({ inputs, attrs, backend }: Parameters<tf.KernelFunc>[0]): tf.TensorInfo | tf.TensorInfo[] {
  const trace = backend as TraceBackend;
  const { call } = attrs as unknown as { readonly call: RegionCall };
  const nodes = Object.values(inputs).map((tensor) => trace.node(tensor as tf.TensorInfo));
  return tensorInfos(trace, trace.regions?.call(trace.graph, call, nodes) ?? []);
}

function tensorInfos(trace: TraceBackend, nodes: Node | readonly Node[]): tf.TensorInfo | tf.TensorInfo[] {
  return isList(nodes) ? nodes.map((node) => trace.tensorInfo(node)) : trace.tensorInfo(nodes);
}

function isList(nodes: Node | readonly Node[]): nodes is readonly Node[] {
  return Array.isArray(nodes);
}

/** The names of tfjs's kernels, which tfjs exports as constants whose name is their value. */
function knownKernels(): string[] {
  return Object.entries(tf)
    .filter(([name, value]) => value === name)
    .map(([name]) => name);
}

function unsupported(kernelName: string): DpoError {
  const line = callerLine();
  return new DpoError('engine.unsupported-op', `Engine functions cannot use the op ${kernelName}${calledFrom(line)}.`, {
    values: { op: kernelName, calledFrom: line },
    hint: 'Use other tfjs ops, or add the kernel to the kernel table.',
  });
}
