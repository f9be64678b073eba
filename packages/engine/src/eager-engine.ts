import './gradients/register.js';
import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import { mendKernels } from './portable/mend-kernels.js';
import type { Engine, EngineFunction, FunctionBody, Scope, Values, Variable } from './types.js';

class EagerVariable implements Variable {
  tensor: tf.Tensor | undefined;

  constructor(
    readonly name: string,
    readonly shape: readonly number[],
    readonly backend: string,
    initial: Float32Array | undefined,
  ) {
    this.#set(initial ?? new Float32Array(shape.reduce((a, b) => a * b, 1)));
  }

  get value(): tf.Tensor {
    if (this.tensor === undefined)
      throw new DpoError('engine.disposed', `Variable ${this.name} was disposed of and cannot be used.`);
    return this.tensor;
  }

  #set(data: Float32Array): void {
    onBackend(this.backend, () => {
      const next = tf.keep(tf.tensor(data.slice(), [...this.shape], 'float32'));
      this.tensor?.dispose();
      this.tensor = next;
    });
  }

  replace(tensor: tf.Tensor): void {
    this.value.dispose();
    this.tensor = tf.keep(tensor);
  }

  write(data: Float32Array): void {
    const size = this.value.size;
    if (data.length !== size)
      throw new DpoError(
        'engine.wrong-shape',
        `Variable ${this.name} [${this.shape}] has ${size} elements, but ${data.length} were written.`,
      );
    this.#set(data);
  }

  async read(): Promise<Float32Array> {
    return onBackend(this.backend, () => this.value.dataSync<'float32'>().slice());
  }

  dispose(): void {
    this.tensor?.dispose();
    this.tensor = undefined;
  }
}

function onBackend<T>(backend: string, work: () => T): T {
  const previous = tf.getBackend();
  if (previous === backend) return work();
  tf.setBackend(backend);
  try {
    return work();
  } finally {
    if (previous) tf.setBackend(previous);
  }
}

/** An engine that runs functions eagerly on a tfjs backend that is already registered and ready. */
export function eagerEngine(backend: 'wasm' | 'cpu', description: string): Engine {
  mendKernels(backend);
  const variables = new Set<EagerVariable>();

  function run<Out extends string>(
    body: FunctionBody<string, Out>,
    inputs: Readonly<Record<string, Values>>,
  ): Record<Out, Values> {
    const assignments = new Map<EagerVariable, tf.Tensor>();
    const kept: tf.Tensor[] = [];
    const result = {} as Record<Out, Values>;
    onBackend(backend, () =>
      tf.tidy(() => {
        const scope: Scope = {
          read: (variable) => (variable as EagerVariable).value,
          assign: (variable, value) => {
            assignments.set(variable as EagerVariable, value);
          },
          applyAdam: ({ variable, m, v, gradient, rate, epsilon, beta1, beta2, decay }) => {
            const [w, mv, vv] = [variable, m, v].map((x) => x as EagerVariable) as [
              EagerVariable,
              EagerVariable,
              EagerVariable,
            ];
            const m1 = tf.add(tf.mul(mv.value, beta1), tf.mul(gradient, 1 - beta1));
            const v1 = tf.add(tf.mul(vv.value, beta2), tf.mul(tf.square(gradient), 1 - beta2));
            const shrunk = decay === undefined ? w.value : tf.mul(w.value, tf.sub(1, decay));
            assignments.set(mv, m1);
            assignments.set(vv, v1);
            assignments.set(w, tf.sub(shrunk, tf.div(tf.mul(m1, rate), tf.add(tf.sqrt(v1), epsilon))));
          },
          writeSlice: (variable, value, axis, start) => {
            const target = variable as EagerVariable;
            const from = start.dataSync()[0] ?? 0;
            const length = value.shape[axis] ?? 0;
            const begin = target.shape.map(() => 0);
            const size = [...target.shape];
            size[axis] = from;
            const end = [...begin];
            end[axis] = from + length;
            const rest = [...target.shape];
            rest[axis] = (target.shape[axis] ?? 0) - from - length;
            const current = target.value;
            const written = tf.concat([tf.slice(current, begin, size), value, tf.slice(current, end, rest)], axis);
            target.replace(written);
            return written;
          },
        };
        const given = Object.fromEntries(
          Object.entries(inputs).map(([name, { data, shape, dtype }]) => [name, tf.tensor(data, [...shape], dtype)]),
        );
        const outputs = body(scope, given);
        for (const name of Object.keys(outputs) as Out[]) {
          const tensor = outputs[name] as tf.Tensor;
          const dtype = tensor.dtype === 'float32' ? 'float32' : 'int32';
          const data = tensor.dataSync();
          result[name] = {
            dtype,
            shape: [...tensor.shape],
            data: dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data),
          };
        }
        for (const [variable, value] of assignments)
          variable.replace(value === variable.tensor ? value.clone() : value);
        kept.push(...assignments.values());
      }),
    );
    return result;
  }

  return {
    kind: backend,
    description,
    precision: 'float32',
    variable(name, shape, initial) {
      const variable = new EagerVariable(name, shape, backend, initial);
      variables.add(variable);
      return variable;
    },
    function<In extends string, Out extends string>(_name: string, body: FunctionBody<In, Out>) {
      const signatures = new Set<string>();
      const call = async (inputs: Readonly<Record<In, Values>>): Promise<Record<Out, Values>> => {
        const given = Object.values<Values>(inputs);
        signatures.add(given.map(({ dtype, shape }) => `${dtype}[${shape}]`).join());
        return run(body as FunctionBody<string, Out>, inputs as Record<string, Values>);
      };
      return Object.defineProperties(call, {
        traces: { get: () => signatures.size },
        dispose: { value: () => undefined },
      }) as unknown as EngineFunction<In, Out>;
    },
    async dispose() {
      for (const variable of variables) variable.dispose();
      variables.clear();
    },
  };
}
