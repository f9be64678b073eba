import { tensorFlowError } from '../shared/tensorflow-error.js';
import type { CApi, Pointer } from './_c-api.js';
import { checked, failureOf } from './_status.js';
import type { Attribute } from './graph.js';
import {
  bytesOf,
  dimensions,
  type HostData,
  isHopeless,
  newTensor,
  type StoredType,
  tensorValues,
} from './native-tensor.js';

/** A TFE_TensorHandle, which its owner deletes. */
export type Handle = Pointer;

/** An attribute of an operation that runs at once: an {@link Attribute}, or a string as bytes. */
export type CallAttribute = Attribute | { readonly bytes: Uint8Array };

/** A call of an operation or a function. */
export interface Call {
  readonly name: string;
  /** The name in errors. Default: `name`. */
  readonly label?: string;
  readonly inputs: readonly Handle[];
  readonly attributes?: Readonly<Record<string, CallAttribute>>;
  /** The number of outputs. */
  readonly outputs: number;
}

/** A processor or a GPU that TensorFlow computes on. */
export interface Device {
  /** TensorFlow's full name, `/job:localhost/replica:0/task:0/device:GPU:0`. */
  readonly name: string;
  /** `CPU` or `GPU`. */
  readonly type: string;
  /** The bytes of the device's memory that TensorFlow may take. */
  readonly memoryBytes: number;
}

/** From so many bytes on, an operation on all threads writes zeros faster than one thread. */
const LARGE = 2 ** 18;

/** TensorFlow's eager context: devices, thread pools, and functions. */
export class Context {
  readonly #handle: Pointer;
  /** The name of the device of functions and variables. Undefined leaves the choice to TensorFlow. */
  device: string | undefined;

  constructor(
    readonly api: CApi,
    config: Uint8Array,
  ) {
    const options = api.TFE_NewContextOptions();
    try {
      if (config.length > 0)
        checked(api, 'TFE_ContextOptionsSetConfig', (status) =>
          api.TFE_ContextOptionsSetConfig(options, config, config.length, status),
        );
      this.#handle = checked(api, 'TFE_NewContext', (status) => api.TFE_NewContext(options, status));
    } finally {
      api.TFE_DeleteContextOptions(options);
    }
  }

  dispose(): void {
    this.api.TFE_DeleteContext(this.#handle);
  }

  /** Starts the gRPC server of a ServerDef, through which workers exchange values. The devices get names of the ServerDef's job. */
  joinCluster(serverDef: Uint8Array): void {
    checked(this.api, 'TFE_EnableCollectiveOps', (status) =>
      this.api.TFE_EnableCollectiveOps(this.#handle, serverDef, serverDef.length, status),
    );
  }

  /** The machine's devices. */
  devices(): Device[] {
    const { api } = this;
    const list = checked(api, 'TFE_ContextListDevices', (status) => api.TFE_ContextListDevices(this.#handle, status));
    try {
      return Array.from({ length: api.TF_DeviceListCount(list) }, (_, i) => ({
        name: checked(api, 'TF_DeviceListName', (status) => api.TF_DeviceListName(list, i, status)),
        type: checked(api, 'TF_DeviceListType', (status) => api.TF_DeviceListType(list, i, status)),
        memoryBytes: Number(
          checked(api, 'TF_DeviceListMemoryBytes', (status) => api.TF_DeviceListMemoryBytes(list, i, status)),
        ),
      }));
    } finally {
      api.TF_DeleteDeviceList(list);
    }
  }

  /** Makes a TF_Function callable by its name. */
  addFunction(fn: Pointer): void {
    checked(this.api, 'TFE_ContextAddFunction', (status) => this.api.TFE_ContextAddFunction(this.#handle, fn, status));
  }

  removeFunction(name: string): void {
    checked(this.api, 'TFE_ContextRemoveFunction', (status) =>
      this.api.TFE_ContextRemoveFunction(this.#handle, name, status),
    );
  }

  /** Copies values into a tensor of the context. Without `data`, the values are zeros. */
  upload(dtype: StoredType, shape: readonly number[], data: ArrayLike<number> | undefined): Handle {
    const tensor = newTensor(this.api, dtype, shape, data);
    try {
      return checked(this.api, 'TFE_NewTensorHandle', (status) => this.api.TFE_NewTensorHandle(tensor, status));
    } finally {
      this.api.TF_DeleteTensor(tensor);
    }
  }

  /** A tensor of zeros. All threads write a large one, since the first write to a page of memory is slow. */
  zeros(shape: readonly number[], dtype: StoredType = 'float32'): Handle {
    const bytes = bytesOf(dtype, shape);
    if (bytes < LARGE || isHopeless(bytes)) return this.upload(dtype, shape, undefined);
    const inputs = [this.upload('int32', [shape.length], shape), this.upload(dtype, [], [0])];
    try {
      return this.execute({ name: 'Fill', inputs, outputs: 1 })[0] as Handle;
    } finally {
      for (const input of inputs) this.release(input);
    }
  }

  /** Copies a tensor's values into `into`, or into a new array, and deletes the handle. */
  download(handle: Handle, into?: HostData): ReturnType<typeof tensorValues> {
    try {
      const tensor = checked(this.api, 'TFE_TensorHandleResolve', (status) =>
        this.api.TFE_TensorHandleResolve(handle, status),
      );
      try {
        return tensorValues(this.api, tensor, into);
      } finally {
        this.api.TF_DeleteTensor(tensor);
      }
    } finally {
      this.release(handle);
    }
  }

  release(handle: Handle): void {
    this.api.TFE_DeleteTensorHandle(handle);
  }

  /** Runs an operation or a function on this thread. The caller owns the returned handles. */
  execute(call: Call): Handle[] {
    const op = this.#prepare(call);
    const { outputs, count } = outputSlots(call);
    try {
      checked(this.api, call.name, (status) => this.api.TFE_Execute(op, outputs, count, status));
    } finally {
      this.api.TFE_DeleteOp(op);
    }
    return handlesOf(outputs, count);
  }

  /** Runs an operation or a function on another thread, so that the event loop stays free. */
  async executeAsync(call: Call): Promise<Handle[]> {
    const { api } = this;
    const op = this.#prepare(call);
    const status = api.TF_NewStatus();
    const { outputs, count } = outputSlots(call);
    try {
      await new Promise<void>((resolve, reject) =>
        api.TFE_Execute.async(op, outputs, count, status, (error) => (error ? reject(error) : resolve())),
      );
      const failure = failureOf(api, status);
      if (failure !== undefined) throw tensorFlowError(call.label ?? call.name, failure);
    } finally {
      api.TF_DeleteStatus(status);
      api.TFE_DeleteOp(op);
    }
    return handlesOf(outputs, count);
  }

  #prepare({ name, inputs, attributes = {} }: Call): Pointer {
    const { api } = this;
    const op = checked(api, name, (status) => api.TFE_NewOp(this.#handle, name, status));
    const { device } = this;
    try {
      if (device !== undefined) checked(api, name, (status) => api.TFE_OpSetDevice(op, device, status));
      for (const input of inputs) checked(api, name, (status) => api.TFE_OpAddInput(op, input, status));
      for (const [key, attribute] of Object.entries(attributes)) this.#setAttribute(op, key, attribute);
      return op;
    } catch (error) {
      api.TFE_DeleteOp(op);
      throw error;
    }
  }

  #setAttribute(op: Pointer, name: string, attribute: CallAttribute): void {
    const { api } = this;
    if ('type' in attribute) api.TFE_OpSetAttrType(op, name, attribute.type);
    else if ('bool' in attribute) api.TFE_OpSetAttrBool(op, name, attribute.bool ? 1 : 0);
    else if ('float' in attribute) api.TFE_OpSetAttrFloat(op, name, attribute.float);
    else if ('shape' in attribute)
      checked(api, name, (status) =>
        api.TFE_OpSetAttrShape(op, name, dimensions(attribute.shape), attribute.shape.length, status),
      );
    else {
      const bytes = 'bytes' in attribute ? attribute.bytes : Buffer.from('string' in attribute ? attribute.string : '');
      api.TFE_OpSetAttrString(op, name, bytes, bytes.length);
    }
  }
}

/** Room for the output handles. TensorFlow reads the capacity from `count`, and writes the number of outputs there. */
function outputSlots(call: Call): { outputs: BigUint64Array; count: Int32Array } {
  return { outputs: new BigUint64Array(Math.max(1, call.outputs)), count: Int32Array.of(call.outputs) };
}

function handlesOf(outputs: BigUint64Array, count: Int32Array): Handle[] {
  return Array.from(outputs.subarray(0, count[0]));
}
