import '../gradients/register.js';
import { availableParallelism } from 'node:os';
import { DpoError } from '@dpo/base';
import type { Engine, EngineFunction, FunctionBody, FunctionOptions, Precision } from '../types.js';
import { loadTensorFlow } from './_c-api.js';
import { CallQueue } from './_call-queue.js';
import { configProto } from './_config-proto.js';
import { Context } from './_context.js';
import { TracedFunction } from './_traced-function.js';
import { NativeVariable } from './_variable.js';

export interface TensorFlowOptions {
  /** The folder that holds libtensorflow_cc and libtensorflow_framework. */
  readonly folder: string;
  /** What matrix products are computed in; variables, norms and losses are float32 in either case. */
  readonly precision?: Precision | undefined;
  /** Threads; TensorFlow takes as many as the machine has where this is left out. */
  readonly threads?: number | undefined;
  /** Compile functions by XLA. */
  readonly xla?: boolean | undefined;
}

/**
 * Opens the engine that runs functions on TensorFlow.
 *
 * A function's body is run once per input signature on symbolic tensors (tracing); what it computes, gradients and
 * updates of variables included, becomes one TensorFlow function that is optimised, compiled and called as a whole.
 *
 * Errors: `engine.library-unloadable`, `engine.library-version`, `engine.library-twice`, `engine.tensorflow-failed`.
 */
export function openTensorFlow({ folder, precision = 'float32', threads, xla = false }: TensorFlowOptions): Engine {
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw new DpoError('engine.wrong-option', `threads must be a whole number above 0, not ${threads}.`, {
      values: { threads },
    });
  const api = loadTensorFlow(folder);
  const context = new Context(api, configProto({ threads }));
  const queue = new CallQueue();
  const variables = new Set<NativeVariable>();
  const functions = new Set<{ dispose(): void }>();
  let disposed = false;

  const alive = (): void => {
    if (disposed) throw new DpoError('engine.disposed', 'The engine was disposed of and cannot be used.');
  };

  return {
    kind: 'tensorflow',
    description: `TensorFlow ${api.TF_Version()}, ${threads ?? availableParallelism()} threads, ${precision}${xla ? ', XLA' : ''}`,
    precision,
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
      const fn = new TracedFunction(name, body, { context, queue, precision: options.precision ?? precision, xla });
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
