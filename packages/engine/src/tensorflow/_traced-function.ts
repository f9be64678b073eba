import { DpoError } from '@dpo/base';
import type { EngineFunction, FunctionBody, Precision, Values } from '../types.js';
import type { CallQueue } from './_call-queue.js';
import { configProto } from './_config-proto.js';
import type { CallAttribute, Context, Handle } from './_context.js';
import { sizeOf } from './_native-tensor.js';
import { type Compiled, type Signature, trace } from './_trace.js';

export interface TracedFunctionOptions {
  readonly context: Context;
  readonly queue: CallQueue;
  readonly precision: Precision;
  readonly xla: boolean;
}

/** A function of the engine: traced once per signature, called off the main thread. */
export class TracedFunction<In extends string, Out extends string> {
  readonly #traces = new Map<string, Compiled>();
  readonly #attributes: Readonly<Record<string, CallAttribute>>;
  #disposed = false;

  constructor(
    readonly name: string,
    readonly body: FunctionBody<In, Out>,
    readonly options: TracedFunctionOptions,
  ) {
    this.#attributes = {
      ...(options.precision === 'bfloat16' ? { config_proto: { bytes: configProto({ bfloat16: true }) } } : {}),
      ...(options.xla ? { _XlaMustCompile: { bool: true } } : {}),
    };
  }

  /** The function as the engine's users call it. */
  callable(onDispose: () => void): EngineFunction<In, Out> {
    const call = (inputs: Readonly<Record<In, Values>>) => this.#call(inputs);
    return Object.defineProperties(call, {
      traces: { get: () => this.#traces.size },
      dispose: {
        value: () => {
          onDispose();
          this.dispose();
        },
      },
    }) as EngineFunction<In, Out>;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { context, queue } = this.options;
    queue.add(() => {
      for (const { name } of this.#traces.values()) context.removeFunction(name);
      this.#traces.clear();
    });
  }

  async #call(inputs: Readonly<Record<In, Values>>): Promise<Record<Out, Values>> {
    this.#checkAlive();
    const { context, queue } = this.options;
    const names = (Object.keys(inputs) as In[]).sort();
    const signature = names.map((name): Signature => {
      checkValues(this.name, name, inputs[name]);
      return { name, dtype: inputs[name].dtype, shape: [...inputs[name].shape] };
    });
    // Copied now: the caller may change its arrays while the call waits.
    const values: Handle[] = [];
    try {
      for (const name of names) {
        const { dtype, shape, data } = inputs[name];
        values.push(context.upload(dtype, shape, data));
      }
      return await queue.run(async () => {
        this.#checkAlive();
        const compiled = this.#compiled(signature);
        const resources = compiled.variables.map(({ resource }) => resource);
        const results = await context.executeAsync({
          name: compiled.name,
          label: `function ${this.name}`,
          inputs: [...values, ...resources],
          attributes: this.#attributes,
          outputs: compiled.outputs.length,
        });
        return this.#collect(compiled.outputs, results);
      });
    } finally {
      for (const value of values) context.release(value);
    }
  }

  #collect(names: readonly string[], handles: readonly Handle[]): Record<Out, Values> {
    const { context } = this.options;
    const results = names.map((name, i) => [name, context.download(handles[i] as Handle)] as const);
    return Object.fromEntries(results) as Record<string, unknown> as Record<Out, Values>;
  }

  #compiled(signature: readonly Signature[]): Compiled {
    const key = signature.map(({ name, dtype, shape }) => `${name}:${dtype}[${shape}]`).join();
    const known = this.#traces.get(key);
    if (known !== undefined) return known;
    const { context, xla } = this.options;
    const compiled = trace(context, this.name, this.body as FunctionBody<string, Out>, signature, xla);
    this.#traces.set(key, compiled);
    return compiled;
  }

  #checkAlive(): void {
    if (this.#disposed)
      throw new DpoError('engine.disposed', `Function ${this.name} was disposed of and cannot be called.`, {
        values: { function: this.name },
      });
  }
}

/** A mistake here would be read as native memory, so nothing is taken on trust. */
function checkValues(fn: string, name: string, values: Values | undefined): void {
  if (values === undefined)
    throw new DpoError('engine.wrong-input', `${fn} was called without a value for ${name}.`, {
      values: { function: fn, input: name },
    });
  const { dtype, shape, data } = values;
  const array = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : undefined;
  if (array === undefined || !(data instanceof array)) {
    const received = (data as object | undefined)?.constructor?.name ?? typeof data;
    throw new DpoError('engine.wrong-dtype', `Input ${name} of ${fn}: a ${received} was given as ${dtype}.`, {
      values: { function: fn, input: name, dtype, received },
      hint: 'Use a Float32Array with float32 and an Int32Array with int32.',
    });
  }
  if (!shape.every((size) => Number.isInteger(size) && size >= 0) || sizeOf(shape) !== data.length)
    throw new DpoError(
      'engine.wrong-shape',
      `Input ${name} of ${fn}: ${data.length} values do not fill the shape [${shape}].`,
      { values: { function: fn, input: name, shape, received: data.length } },
    );
}
