import type * as tf from '@tensorflow/tfjs-core';
import { asType, type Numbers } from '../shared/numbers.js';
import type { Engine, EngineWork, Values } from '../types.js';

/** A backend of tfjs that is registered and ready, and that functions run on. */
export interface EagerBackend {
  readonly kind: Exclude<Engine['kind'], 'tensorflow'>;
  /** tfjs's name of the backend. */
  readonly name: string;
  readonly device: Engine['device'];
  /**
   * Checks that the backend can still compute.
   *
   * @throws DpoError `engine.device-lost` when its device is gone
   */
  check(): void;
  /**
   * Checks that a tensor of a shape can exist.
   *
   * @throws DpoError `engine.too-large` when no buffer of the device may be so large; `what` names the tensor
   */
  checkFits(what: string, shape: readonly number[]): void;
  /** Puts a tensor that stays onto the device. */
  place(tensor: tf.Tensor): void;
  /** The values of a tensor when they are known without waiting for a device. */
  peek(tensor: tf.Tensor): Numbers | undefined;
  /** The values of tensors, in arrays of the tensors' types (see {@link asType}) that nothing else uses. */
  read(tensors: readonly tf.Tensor[]): Promise<readonly Values['data'][]>;
  /** Runs a call. Rejects with the errors that the device reports meanwhile. */
  call<T>(run: () => Promise<T>): Promise<T>;
  /** The work so far, on a device that counts. */
  work?(): EngineWork;
  /** Frees what the backend holds for its engine. */
  dispose(): void;
}

/** WebAssembly or plain JavaScript, which compute at once in the process's own memory. */
export function plainBackend(kind: 'wasm' | 'cpu'): EagerBackend {
  return {
    kind,
    name: kind,
    device: 'cpu',
    check: () => undefined,
    checkFits: () => undefined,
    place: () => undefined,
    peek: (tensor) => tensor.dataSync(),
    // Copied, since the plain JavaScript backend gives the arrays that it computes with.
    read: async (tensors) => tensors.map((tensor) => asType(tensor.dtype, tensor.dataSync().slice())),
    call: (run) => run(),
    dispose: () => undefined,
  };
}
