import { DpoError } from '@dpo/base';
import type { CallQueue } from '../shared/call-queue.js';
import { checkShape } from '../shared/check-values.js';
import { checkRoom } from '../shared/copy-out.js';
import type { Storage, Variable } from '../types.js';
import type { Context, Handle } from './_context.js';
import { DATA_TYPES, sizeOf } from './native-tensor.js';

let count = 0;

/** A resource variable of TensorFlow. Reads, writes and calls of the engine happen in the order of the requests. */
export class NativeVariable implements Variable {
  readonly shape: readonly number[];
  /** The type of the resource, as an attribute of the operations on it. */
  readonly type: { readonly type: number };
  readonly #resource: Handle;
  #disposed = false;

  constructor(
    readonly name: string,
    shape: readonly number[],
    initial: Float32Array | undefined,
    readonly storage: Storage,
    readonly context: Context,
    readonly queue: CallQueue,
    readonly onDispose: (variable: NativeVariable) => void,
  ) {
    checkShape(`Variable ${name}`, shape);
    this.shape = [...shape];
    this.type = { type: DATA_TYPES[storage] };
    if (initial !== undefined) this.#checkSize(initial);
    // Functions take the handle as an input and never look the shared name up, which must only be unique.
    const [resource] = context.execute({
      name: 'VarHandleOp',
      inputs: [],
      attributes: { dtype: this.type, shape: { shape }, shared_name: { string: `variable-${count++}` } },
      outputs: 1,
    });
    this.#resource = resource as Handle;
    this.#set(initial);
  }

  /**
   * The variable's handle.
   *
   * @throws DpoError `engine.disposed` when the variable was disposed of
   */
  get resource(): Handle {
    if (this.#disposed)
      throw new DpoError('engine.disposed', `Variable ${this.name} was disposed of and cannot be used.`, {
        values: { variable: this.name },
      });
    return this.#resource;
  }

  write(data: Float32Array): void {
    void this.resource;
    this.#checkSize(data);
    this.#set(data);
  }

  #set(data: Float32Array | undefined): void {
    const resource = this.#resource;
    const { context, shape, storage } = this;
    const value = data === undefined ? context.zeros(shape, storage) : context.upload(storage, shape, data);
    this.queue.add(() => {
      try {
        this.context.execute({
          name: 'AssignVariableOp',
          inputs: [resource, value],
          attributes: { dtype: this.type },
          outputs: 0,
        });
      } finally {
        this.context.release(value);
      }
    });
  }

  async read(into?: Float32Array): Promise<Float32Array> {
    const resource = this.resource;
    checkRoom(this, into);
    return this.queue.run(async () => {
      const [value] = this.context.execute({
        name: 'ReadVariableOp',
        inputs: [resource],
        attributes: { dtype: this.type },
        outputs: 1,
      });
      return this.context.download(value as Handle, into).data as Float32Array;
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.onDispose(this);
    this.queue.add(() => {
      const inputs = [this.#resource];
      this.context.execute({ name: 'DestroyResourceOp', inputs, outputs: 0 });
      this.context.release(this.#resource);
    });
  }

  #checkSize(data: Float32Array): void {
    const size = sizeOf(this.shape);
    if (data.length === size) return;
    throw new DpoError(
      'engine.wrong-shape',
      `Variable ${this.name} [${this.shape}] has ${size} elements, but ${data.length} were written.`,
      { values: { variable: this.name, shape: this.shape, expected: size, received: data.length } },
    );
  }
}
