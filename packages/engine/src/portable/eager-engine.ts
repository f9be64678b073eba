import '../gradients/register.js';
import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { CallQueue } from '../shared/call-queue.js';
import { checkValues } from '../shared/check-values.js';
import type { Engine, EngineFunction, FunctionBody, Values } from '../types.js';
import { EagerScope } from './_eager-scope.js';
import { EagerVariable, type VariableOwner } from './_eager-variable.js';
import { mendKernels } from './mend-kernels.js';

/**
 * An engine that runs functions eagerly on a tfjs backend that is registered and ready. Between calls the event loop turns once,
 * so that timers and signals are served; during a call the event loop stands still.
 *
 * Functions throw the errors of the TensorFlow engine: `engine.wrong-input`, `engine.wrong-dtype`, `engine.wrong-shape`,
 * `engine.wrong-result`, `engine.no-gradient`, `engine.updated-twice`, `engine.read-after-write`,
 * `engine.foreign-variable`, `engine.disposed`; on WebAssembly also `engine.out-of-memory`.
 */
export function eagerEngine(backend: 'wasm' | 'cpu', description: string): Engine {
  mendKernels(backend);
  const queue = new CallQueue();
  const variables = new Set<EagerVariable>();
  let disposed = false;
  const owner: VariableOwner = {
    queue,
    onBackend: (work) => onBackend(backend, work),
    forget: (variable) => variables.delete(variable),
  };
  const alive = (): void => {
    if (disposed) throw new DpoError('engine.disposed', 'The engine was disposed of and cannot be used.');
  };

  return {
    kind: backend,
    description,
    precision: 'float32',
    device: 'cpu',
    variable(name, shape, initial) {
      alive();
      const variable = new EagerVariable(name, shape, initial, owner);
      variables.add(variable);
      return variable;
    },
    function<In extends string, Out extends string>(name: string, body: FunctionBody<In, Out>) {
      alive();
      const signatures = new Set<string>();
      let isDisposed = false;
      const call = async (inputs: Readonly<Record<In, Values>>): Promise<Record<Out, Values>> => {
        alive();
        if (isDisposed) throw new DpoError('engine.disposed', `Function ${name} was disposed of and cannot be called.`);
        // Uploaded before the call waits, since the caller may change its arrays in the meantime.
        const tensors = owner.onBackend(() => upload(name, inputs));
        try {
          return await queue.run(async () => {
            await turn();
            signatures.add(signatureOf(inputs));
            return owner.onBackend(() => runBody(name, body, owner, tensors));
          });
        } finally {
          for (const tensor of Object.values<tf.Tensor>(tensors)) tensor.dispose();
        }
      };
      return Object.defineProperties(call, {
        traces: { get: () => signatures.size },
        dispose: {
          value: () => {
            isDisposed = true;
          },
        },
      }) as unknown as EngineFunction<In, Out>;
    },
    async dispose() {
      disposed = true;
      for (const variable of [...variables]) variable.dispose();
      await queue.run(async () => undefined);
    },
  };
}

/** Runs work with a backend as tfjs's current one. `setBackend` is synchronous here, since the backend is ready. */
function onBackend<T>(backend: string, work: () => T): T {
  const previous: string | null = tf.getBackend();
  if (previous === backend) return work();
  void tf.setBackend(backend);
  try {
    return work();
  } finally {
    if (previous) void tf.setBackend(previous);
  }
}

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve);
  });
}

function signatureOf(inputs: Readonly<Record<string, Values>>): string {
  const parts = Object.entries(inputs).map(([name, { dtype, shape }]) => `${name}:${dtype}[${shape}]`);
  return parts.sort().join();
}

function upload<In extends string>(fn: string, inputs: Readonly<Record<In, Values>>): Record<In, tf.Tensor> {
  const entries = Object.entries<Values>(inputs);
  for (const [name, values] of entries) checkValues(fn, name, values);
  const tensors = entries.map(
    ([name, { data, shape, dtype }]) => [name, tf.keep(tf.tensor(data.slice(), [...shape], dtype))] as const,
  );
  return Object.fromEntries(tensors) as Record<In, tf.Tensor>;
}

/** Runs a body and reads what it returns; of its tensors, only what variables hold is left afterwards. */
function runBody<In extends string, Out extends string>(
  name: string,
  body: FunctionBody<In, Out>,
  owner: VariableOwner,
  inputs: Readonly<Record<In, tf.Tensor>>,
): Record<Out, Values> {
  const results: [string, Values][] = [];
  tf.tidy(() => {
    const scope = new EagerScope(owner);
    const outputs: unknown = withGradientErrors(() => body(scope, inputs));
    if (outputs instanceof Promise || typeof outputs !== 'object' || outputs === null)
      throw new DpoError('engine.wrong-result', `The body of ${name} must return an object of tensors, at once.`, {
        hint: 'A body cannot wait for anything.',
      });
    for (const [output, tensor] of Object.entries(outputs)) {
      if (!(tensor instanceof tf.Tensor))
        throw new DpoError('engine.wrong-result', `Output ${output} of ${name} is not a tensor.`);
      results.push([output, download(tensor)]);
    }
    scope.finish();
  });
  return Object.fromEntries(results) as Record<Out, Values>;
}

function withGradientErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    // tfjs throws an error of its own, which only its text tells apart.
    const op = error instanceof Error ? /gradient function not found for (\w+)/.exec(error.message)?.[1] : undefined;
    if (op === undefined) throw error;
    throw new DpoError('engine.no-gradient', `The op ${op} has no gradient.`, {
      values: { op },
      hint: 'Use other tfjs ops, or give the function a gradient by tf.customGrad.',
      cause: error,
    });
  }
}

function download(tensor: tf.Tensor): Values {
  const dtype = tensor.dtype === 'float32' ? 'float32' : 'int32';
  const data = tensor.dataSync();
  // Copied, since the plain JavaScript backend gives the array that it computes with.
  return { dtype, shape: [...tensor.shape], data: dtype === 'float32' ? new Float32Array(data) : new Int32Array(data) };
}
