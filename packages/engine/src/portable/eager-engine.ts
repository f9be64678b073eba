import '../gradients/register.js';
import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { CallQueue } from '../shared/call-queue.js';
import { checkValues } from '../shared/check-values.js';
import type { Engine, EngineFunction, FunctionBody, Values } from '../types.js';
import { EagerScope, type PendingUpdates } from './_eager-scope.js';
import { EagerVariable, type VariableOwner } from './_eager-variable.js';
import type { EagerBackend } from './eager-backend.js';

/**
 * An engine that runs functions eagerly on a tfjs backend. Between calls the event loop turns once, so that timers and signals are
 * served. While a body runs, the event loop stands still; on a GPU the loop turns while the engine waits for the call's results.
 *
 * Functions throw the errors of the TensorFlow engine: `engine.wrong-input`, `engine.wrong-dtype`, `engine.wrong-shape`,
 * `engine.wrong-result`, `engine.no-gradient`, `engine.updated-twice`, `engine.read-after-write`,
 * `engine.foreign-variable`, `engine.disposed`; on WebAssembly and WebGPU also `engine.out-of-memory`, and on WebGPU
 * `engine.device-lost`, `engine.too-large`, `engine.traced-read` and `engine.webgpu-failed`.
 */
export function eagerEngine(backend: EagerBackend, description: string): Engine {
  const queue = new CallQueue();
  const variables = new Set<EagerVariable>();
  let disposed = false;
  const owner: VariableOwner = {
    queue,
    backend,
    onBackend: (work) => onBackend(backend.name, work),
    forget: (variable) => variables.delete(variable),
  };
  const alive = (): void => {
    if (disposed) throw new DpoError('engine.disposed', 'The engine was disposed of and cannot be used.');
    backend.check();
  };

  return {
    kind: backend.kind,
    description,
    precision: 'float32',
    device: backend.device,
    work: backend.work,
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
            return await backend.call(() => runCall(owner, () => runBody(name, body, owner, tensors)));
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
      if (disposed) return;
      disposed = true;
      for (const variable of [...variables]) variable.dispose();
      await queue.run(async () => undefined);
      backend.dispose();
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

/** What a body has computed: tensors that stay until the call ends. */
interface Computed<Out extends string> {
  readonly outputs: readonly (readonly [Out, tf.Tensor])[];
  readonly updates: PendingUpdates;
}

/** Computes, reads the outputs, and then gives the variables their new values: a call that fails changes nothing. */
async function runCall<Out extends string>(
  { backend, onBackend }: VariableOwner,
  compute: () => Computed<Out>,
): Promise<Record<Out, Values>> {
  const { outputs, updates } = onBackend(compute);
  try {
    const values = await backend.read(outputs.map(([, tensor]) => tensor));
    // Outputs may be variables, which are updated in place when nothing else holds their tensors.
    for (const [, tensor] of outputs) tensor.dispose();
    onBackend(() => updates.apply());
    const results = outputs.map(([output, tensor], i) => [output, valuesOf(tensor, values[i] as Values['data'])]);
    return Object.fromEntries(results) as Record<Out, Values>;
  } finally {
    for (const [, tensor] of outputs) tensor.dispose();
    updates.dispose();
  }
}

function valuesOf({ dtype, shape }: tf.Tensor, data: Values['data']): Values {
  return { dtype: dtype === 'float32' ? dtype : 'int32', shape: [...shape], data };
}

/** Runs a body; of its tensors, only outputs and updates are left afterwards. */
function runBody<In extends string, Out extends string>(
  name: string,
  body: FunctionBody<In, Out>,
  owner: VariableOwner,
  inputs: Readonly<Record<In, tf.Tensor>>,
): Computed<Out> {
  const outputs: [Out, tf.Tensor][] = [];
  try {
    const [updates] = tidy(() => {
      const scope = new EagerScope(owner);
      const tensors = tensorsOf(
        name,
        withTfjsErrors(() => body(scope, inputs)),
      );
      for (const [output, tensor] of tensors) outputs.push([output as Out, tf.keep(tf.clone(tensor))]);
      return [scope.pending()];
    });
    return { outputs, updates };
  } catch (error) {
    for (const [, tensor] of outputs) tensor.dispose();
    throw error;
  }
}

/** tfjs's tidy, for work that returns something else than tensors. */
function tidy<T extends readonly unknown[]>(work: () => T): T {
  const results: T[] = [];
  tf.tidy(() => {
    results.push(work());
  });
  return results[0] as T;
}

function tensorsOf(name: string, outputs: unknown): [string, tf.Tensor][] {
  if (outputs instanceof Promise || typeof outputs !== 'object' || outputs === null)
    throw new DpoError('engine.wrong-result', `The body of ${name} must return an object of tensors, at once.`, {
      hint: 'A body cannot wait for anything.',
    });
  return Object.entries(outputs).map(([output, tensor]) => {
    if (tensor instanceof tf.Tensor) return [output, tensor];
    throw new DpoError('engine.wrong-result', `Output ${output} of ${name} is not a tensor.`);
  });
}

/** Turns errors of tfjs, which only their texts tell apart, into ours. */
function withTfjsErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const [, op] = /gradient function not found for (\w+)/.exec(message) ?? [];
    if (op !== undefined)
      throw new DpoError('engine.no-gradient', `The op ${op} has no gradient.`, {
        values: { op },
        hint: 'Use other tfjs ops, or give the function a gradient by tf.customGrad.',
        cause: error,
      });
    const [, kernel] = /Kernel '(\w+)' not registered for backend/.exec(message) ?? [];
    if (kernel === undefined) throw error;
    throw new DpoError('engine.unsupported-op', `This engine has no kernel for ${kernel}.`, {
      values: { op: kernel },
      hint: 'Use other tfjs ops, or another engine.',
      cause: error,
    });
  }
}
