import '../gradients/register.js';
import { availableParallelism } from 'node:os';
import { DpoError } from '@dpo/base';
import { CallQueue } from '../shared/call-queue.js';
import { checkOptions } from '../shared/check-options.js';
import type { DeviceName } from '../shared/device-name.js';
import type { Engine, EngineFunction, FunctionBody, FunctionOptions, Precision } from '../types.js';
import { type Cluster, checkCluster } from '../workers/cluster.js';
import { loadTensorFlow } from './_c-api.js';
import { TensorFlowCollective } from './_collective.js';
import { configProto } from './_config-proto.js';
import { Context } from './_context.js';
import { chooseDevice, shortName } from './_device.js';
import { joinCluster } from './_join-cluster.js';
import { setTensorFloat32 } from './_tf32.js';
import { TracedFunction } from './_traced-function.js';
import { NativeVariable } from './_variable.js';

export interface TensorFlowOptions {
  /** The folder that holds libtensorflow_cc and libtensorflow_framework. */
  readonly folder: string;
  /**
   * What matrix products are computed in. In bfloat16 each product's factors are cast to bfloat16 and the product back to
   * float32; variables, norms and losses are float32 in either case.
   */
  readonly precision?: Precision | undefined;
  /** Threads; TensorFlow takes as many as the machine has where this is left out. */
  readonly threads?: number | undefined;
  /** What computes: default the first GPU where there is one, else the processor. */
  readonly device?: DeviceName | undefined;
  /**
   * Bytes of the device's memory that tensors may take; beyond it calls throw `engine.out-of-memory`. The processor's is
   * one for all engines of the process, set by the first. On a GPU it is taken at once; without it, as it is needed.
   */
  readonly memoryLimit?: number | undefined;
  /** Compile functions by XLA. */
  readonly xla?: boolean | undefined;
  /** On GPUs, lets float32 products round their inputs to 10 bits (TensorFloat-32). Default false. */
  readonly tf32?: boolean | undefined;
  /** The workers among which the engine is one. One engine of a process at most belongs to a cluster. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Opens the engine that runs functions on TensorFlow.
 *
 * A function's body is run once per input signature on symbolic tensors (tracing); what it computes, gradients and
 * updates of variables included, becomes one TensorFlow function that is optimised, compiled and called as a whole.
 *
 * @throws DpoError `engine.library-unloadable`, `engine.library-version`, `engine.library-twice`, `engine.no-device`,
 * `engine.wrong-option`, `engine.port-taken`, `engine.tensorflow-failed`
 */
export function openTensorFlow(options: TensorFlowOptions): Engine {
  const {
    folder,
    precision = 'float32',
    threads,
    device: wanted = 'auto',
    memoryLimit,
    xla = false,
    cluster,
  } = options;
  checkOptions(options);
  if (cluster !== undefined) checkCluster(cluster);
  const api = loadTensorFlow(folder, {
    memoryLimit: wanted.startsWith('gpu') ? undefined : memoryLimit,
    quiet: cluster !== undefined,
  });
  setTensorFloat32(folder, options.tf32 ?? false);
  const gpuMemory = memoryLimit === undefined ? 'growing' : { bytes: memoryLimit };
  const context = new Context(api, configProto({ threads, gpuMemory, softPlacement: true }));
  if (cluster !== undefined) joinCluster(context, cluster);
  const place = placeOn(context, wanted);
  const queue = new CallQueue();
  const variables = new Set<NativeVariable>();
  const functions = new Set<{ dispose(): void }>();
  let disposed = false;

  const alive = (): void => {
    if (disposed) throw new DpoError('engine.disposed', 'The engine was disposed of and cannot be used.');
  };

  return {
    kind: 'tensorflow',
    description: `TensorFlow ${api.TF_Version()} on ${place.text(threads)}, ${precision}${options.tf32 && place.device !== 'cpu' ? ' (TF32)' : ''}${xla ? ', XLA' : ''}`,
    precision,
    device: place.device,
    collective: cluster && new TensorFlowCollective(context, queue, cluster),
    variable(name, shape, initial) {
      alive();
      const variable = new NativeVariable(name, shape, initial, context, queue, (gone) => variables.delete(gone));
      variables.add(variable);
      return variable;
    },
    function<In extends string, Out extends string>(
      name: string,
      body: FunctionBody<In, Out>,
      options: FunctionOptions = {},
    ): EngineFunction<In, Out> {
      alive();
      const fn = new TracedFunction(name, body, {
        context,
        queue,
        precision: options.precision ?? precision,
        xla,
      });
      functions.add(fn);
      return fn.callable(() => functions.delete(fn));
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await queue.run(async () => {
        for (const fn of functions) fn.dispose();
        for (const variable of [...variables]) variable.dispose();
        functions.clear();
      });
      await queue.run(async () => context.dispose());
    },
  };
}

/** Makes a device the context's, or disposes of the context where there is none such. */
function placeOn(context: Context, wanted: DeviceName) {
  try {
    const device = chooseDevice(context, wanted);
    // On the processor TensorFlow's own choice is the same, and a name costs a look-up at every call.
    if (device.type === 'GPU') context.device = device.name;
    const gigabytes = (device.memoryBytes / 1e9).toFixed(0);
    const cores = (threads: number | undefined) => threads ?? availableParallelism();
    return {
      device: shortName(device),
      text: (threads: number | undefined) =>
        device.type === 'GPU'
          ? `${shortName(device).toUpperCase()} (${gigabytes} GB)`
          : `${cores(threads)} CPU ${cores(threads) === 1 ? 'core' : 'cores'}`,
    };
  } catch (error) {
    context.dispose();
    throw error;
  }
}
