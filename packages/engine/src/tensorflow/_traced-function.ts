import { DpoError } from '@dpo/base';
import type { CallQueue } from '../shared/call-queue.js';
import { checkValues } from '../shared/check-values.js';
import type { EngineFunction, FunctionBody, Precision, Values } from '../types.js';
import { configProto } from './_config-proto.js';
import type { CallAttribute, Context, Handle } from './_context.js';
import type { Regions } from './_regions.js';
import { type Compiled, lineOf, type Signature, type TraceOptions, trace } from './_trace.js';

/** The engine of a traced function, and how the function computes. */
export interface TracedFunctionOptions {
  readonly context: Context;
  readonly queue: CallQueue;
  /** The precision of matrix products. */
  readonly precision: Precision;
  /** Whether XLA compiles the function. */
  readonly xla: boolean;
  /** Compiles regions. Without it, their operations become part of the function. */
  readonly regions?: Regions | undefined;
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
    const config = configProto({ softPlacement: options.context.device !== undefined });
    this.#attributes = {
      ...(config.length > 0 ? { config_proto: { bytes: config } } : {}),
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
    // Copied before the call waits, since the caller may change its arrays in the meantime.
    const values: Handle[] = [];
    try {
      for (const name of names) {
        const { dtype, shape, data } = inputs[name];
        values.push(context.upload(dtype, shape, data));
      }
      return await queue.run(async () => {
        this.#checkAlive();
        const compiled = await this.#compiled(signature);
        const resources = compiled.variables.map(({ resource }) => resource);
        const call = {
          name: compiled.name,
          label: `function ${this.name}`,
          inputs: [...values, ...resources],
          attributes: this.#attributes,
          outputs: compiled.outputs.length,
        };
        try {
          return this.#collect(compiled.outputs, await context.executeAsync(call));
        } catch (error) {
          throw this.#located(error, signature);
        }
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

  async #compiled(signature: readonly Signature[]): Promise<Compiled> {
    const key = signature.map(({ name, dtype, shape }) => `${name}:${dtype}[${shape}]`).join();
    const existing = this.#traces.get(key);
    if (existing !== undefined) return existing;
    const { context, regions } = this.options;
    const body = this.body as FunctionBody<string, Out>;
    for (;;) {
      const compiled = trace(context, this.name, body, signature, this.#traceOptions);
      if (regions !== undefined && !(await regions.compile())) {
        // Traced again without the regions that XLA cannot compile.
        context.removeFunction(compiled.name);
        continue;
      }
      this.#traces.set(key, compiled);
      return compiled;
    }
  }

  get #traceOptions(): TraceOptions {
    const { xla, precision, regions } = this.options;
    return { xla, roundProducts: precision === 'bfloat16', regions };
  }

  /** An error of a running function, with the operation and its calling line when TensorFlow names the operation. */
  #located(error: unknown, signature: readonly Signature[]): unknown {
    if (!DpoError.is(error)) return error;
    const operation = /\{\{node (?:[^}]*\/)?([A-Za-z0-9]+_\d+)\}\}/.exec(String(error.values.message))?.[1];
    if (operation === undefined) return error;
    const body = this.body as FunctionBody<string, Out>;
    const options = { ...this.#traceOptions, watched: operation };
    let line: string | undefined;
    try {
      line = lineOf(this.options.context, this.name, body, signature, options);
    } catch {
      // The body fails when it runs again; the first error is the one to report.
    }
    const op = operation.replace(/_\d+$/, '');
    return new DpoError(error.code, `${error.message} (${op}${line === undefined ? '' : `, called from ${line}`})`, {
      values: { ...error.values, op, calledFrom: line },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }

  #checkAlive(): void {
    if (this.#disposed)
      throw new DpoError('engine.disposed', `Function ${this.name} was disposed of and cannot be called.`, {
        values: { function: this.name },
      });
  }
}
