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
import { type RegionChoice, Regions } from './_regions.js';
import { setTensorFloat32 } from './_tf32.js';
import { TracedFunction } from './_traced-function.js';
import { NativeVariable } from './_variable.js';

/** How TensorFlow's engine computes. */
export interface TensorFlowOptions {
  /** The folder that holds libtensorflow_cc and libtensorflow_framework. */
  readonly folder: string;
  /**
   * The precision of matrix products. In bfloat16 each product's factors are cast to bfloat16 and the product back to float32;
   * norms and losses are float32 in either case, and variables unless they are stored in bfloat16. Default float32.
   */
  readonly precision?: Precision | undefined;
  /** The number of threads. Default: as many as the machine has. */
  readonly threads?: number | undefined;
  /** The device that computes. Default: the first GPU, or the processor when there is none. */
  readonly device?: DeviceName | undefined;
  /**
   * The bytes of the device's memory that tensors may take; a call that needs more throws `engine.out-of-memory`. The first engine
   * of a process sets the processor's limit for all engines. On a GPU, a limit is allocated at once. Default: no limit, and a GPU's
   * memory is allocated as it is needed.
   */
  readonly memoryLimit?: number | undefined;
  /** True compiles functions by XLA. Default false. */
  readonly xla?: boolean | undefined;
  /** True lets float32 products on GPUs round their inputs to 10 bits (TensorFloat-32). Default false. */
  readonly tf32?: boolean | undefined;
  /**
   * Which regions are compiled by XLA: those that are large enough to gain by it (`auto`, on processors alone), all, or none.
   * Default `auto`.
   */
  readonly regions?: RegionChoice | undefined;
  /** Called with a sentence when the engine has to compute in a slower way. Default: nobody is told. */
  readonly onWarning?: ((warning: string) => void) | undefined;
  /** The workers that the engine is one of. At most one engine of a process belongs to a cluster. Default: one worker alone. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Opens the engine that runs functions on TensorFlow.
 *
 * A function's body runs once for each input signature on symbolic tensors (tracing). The recorded operations, gradients and
 * updates of variables included, become one TensorFlow function, which is optimised, compiled and called as a whole.
 *
 * @throws DpoError `engine.library-unloadable`, `engine.library-version`, `engine.library-twice`, `engine.no-device`,
 * `engine.wrong-option`, `engine.port-taken`, `engine.tensorflow-failed`
 */
export function openTensorFlow(options: TensorFlowOptions): Engine {
  const {
    folder,
    precision = 'float32',
    threads,
    device: deviceName = 'auto',
    memoryLimit,
    xla = false,
    cluster,
  } = options;
  checkOptions(options);
  if (cluster !== undefined) checkCluster(cluster);
  const api = loadTensorFlow(folder, {
    memoryLimit: deviceName.startsWith('gpu') ? undefined : memoryLimit,
    quiet: cluster !== undefined,
  });
  setTensorFloat32(folder, options.tf32 ?? false);
  const gpuMemory = memoryLimit === undefined ? 'growing' : { bytes: memoryLimit };
  const context = new Context(api, configProto({ threads, gpuMemory, softPlacement: true }));
  if (cluster !== undefined) joinCluster(context, cluster);
  const place = placeOn(context, deviceName);
  const queue = new CallQueue();
  const variables = new Set<NativeVariable>();
  const functions = new Set<{ dispose(): void }>();
  const { regions: choice = 'auto', onWarning } = options;
  // Within a function that XLA compiles as a whole, regions gain nothing. On GPUs their gain is not measured.
  const fuses = !xla && (choice !== 'auto' || place.device === 'cpu');
  const regions = fuses ? new Regions(context, { choice, onWarning }) : undefined;
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
    variable(name, shape, initial, { storage = 'float32' } = {}) {
      alive();
      const variable = new NativeVariable(name, shape, initial, storage, context, queue, (disposed) =>
        variables.delete(disposed),
      );
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
        regions,
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
      await queue.run(async () => {
        regions?.dispose();
        context.dispose();
      });
    },
  };
}

/** Makes a device the context's device. Disposes of the context when there is no such device. */
function placeOn(context: Context, name: DeviceName) {
  try {
    const device = chooseDevice(context, name);
    // TensorFlow chooses the processor by itself, and a name would cost a look-up at every call.
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
