import { DpoError } from '@dpo/base';
import * as tf from '@tensorflow/tfjs-core';
import type { CallQueue } from '../shared/call-queue.js';
import { checkShape } from '../shared/check-values.js';
import { checkRoom, copyOf } from '../shared/copy-out.js';
import { sizeOf } from '../shared/size-of.js';
import type { Variable } from '../types.js';
import type { EagerBackend } from './eager-backend.js';

/** The part of an engine that a variable needs. */
export interface VariableOwner {
  readonly queue: CallQueue;
  readonly backend: EagerBackend;
  /** Runs synchronous work with the engine's backend as tfjs's current one. */
  onBackend<T>(work: () => T): T;
  /** Removes a disposed variable from the engine's list. */
  forget(variable: EagerVariable): void;
}

/** A variable whose value is a tensor that outlives calls. Reads, writes and calls happen in the order of the requests. */
export class EagerVariable implements Variable {
  readonly shape: readonly number[];
  /** tfjs has no bfloat16. */
  readonly storage = 'float32';
  #tensor: tf.Tensor;
  #disposed = false;

  constructor(
    readonly name: string,
    shape: readonly number[],
    initial: Float32Array | undefined,
    readonly owner: VariableOwner,
  ) {
    checkShape(`Variable ${name}`, shape);
    this.shape = [...shape];
    owner.backend.checkFits(`Variable ${name}`, shape);
    this.#tensor = this.#upload(initial ?? zeros(name, this.#size));
  }

  get #size(): number {
    return sizeOf(this.shape);
  }

  /**
   * The value now.
   *
   * @throws DpoError `engine.disposed` when the variable was disposed of
   */
  get value(): tf.Tensor {
    this.#checkAlive();
    return this.#tensor;
  }

  /** Sets the value during a call. The tensor still belongs to the caller. */
  replace(tensor: tf.Tensor): void {
    const next = tf.keep(tf.clone(tensor));
    this.#tensor.dispose();
    this.#tensor = next;
  }

  write(data: Float32Array): void {
    this.#checkAlive();
    const next = this.#upload(data);
    this.owner.queue.add(() => {
      this.#tensor.dispose();
      this.#tensor = next;
    });
  }

  async read(into?: Float32Array): Promise<Float32Array> {
    this.#checkAlive();
    checkRoom(this, into);
    const { queue, backend } = this.owner;
    return queue.run(() =>
      backend.call(async () => {
        const [values] = (await backend.read([this.#tensor])) as [Float32Array];
        return into === undefined ? values : copyOf(values, into);
      }),
    );
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.owner.forget(this);
    this.owner.queue.add(() => this.#tensor.dispose());
  }

  /** A new tensor with a copy of the data. */
  #upload(data: Float32Array): tf.Tensor {
    if (data.length !== this.#size)
      throw new DpoError(
        'engine.wrong-shape',
        `Variable ${this.name} [${this.shape}] has ${this.#size} elements, but ${data.length} were written.`,
        { values: { variable: this.name, shape: this.shape, expected: this.#size, received: data.length } },
      );
    const { backend } = this.owner;
    return this.owner.onBackend(() => {
      const tensor = tf.keep(tf.tensor(data.slice(), [...this.shape], 'float32'));
      try {
        backend.place(tensor);
      } catch (error) {
        tensor.dispose();
        throw error;
      }
      return tensor;
    });
  }

  #checkAlive(): void {
    this.owner.backend.check();
    if (this.#disposed)
      throw new DpoError('engine.disposed', `Variable ${this.name} was disposed of and cannot be used.`, {
        values: { variable: this.name },
      });
  }
}

function zeros(name: string, size: number): Float32Array {
  try {
    return new Float32Array(size);
  } catch (cause) {
    const bytes = 4 * size;
    throw new DpoError('engine.out-of-memory', `No memory for variable ${name} of ${bytes} bytes.`, {
      values: { variable: name, bytes },
      hint: 'Use a smaller model.',
      cause,
    });
  }
}
