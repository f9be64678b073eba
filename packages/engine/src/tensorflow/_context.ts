import type { CApi, Pointer } from './_c-api.js';
import { checked, failureOf, tensorFlowError } from './_status.js';
import type { Attribute } from './graph.js';
import {
  bytesOf,
  dimensions,
  type ElementType,
  type HostData,
  isHopeless,
  newTensor,
  tensorValues,
} from './native-tensor.js';

/** A TFE_TensorHandle. Its owner deletes it. */
export type Handle = Pointer;

/** Attributes of an operation run at once: those of {@link Attribute}, with strings also as bytes. */
export type CallAttribute = Attribute | { readonly bytes: Uint8Array };

export interface Call {
  readonly name: string;
  /** What errors call it, where that is not the name. */
  readonly label?: string;
  readonly inputs: readonly Handle[];
  readonly attributes?: Readonly<Record<string, CallAttribute>>;
  readonly outputs: number;
}

/** A processor or a GPU that TensorFlow computes on. */
export interface Device {
  /** TensorFlow's full name, `/job:localhost/replica:0/task:0/device:GPU:0`. */
  readonly name: string;
  readonly type: string;
  /** What it lets TensorFlow take of its memory. */
  readonly memoryBytes: number;
}

/** From so many bytes on, running an operation costs less than writing on one thread. */
const LARGE = 2 ** 18;

/** TensorFlow's eager context: devices, thread pools, and the functions that were added. */
export class Context {
  readonly #handle: Pointer;
  /** The name of the device that functions and variables are put on; TensorFlow's choice where undefined. */
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

  /** Starts the gRPC server of a ServerDef, which other workers exchange values with. The devices get names of that job. */
  joinCluster(serverDef: Uint8Array): void {
    checked(this.api, 'TFE_EnableCollectiveOps', (status) =>
      this.api.TFE_EnableCollectiveOps(this.#handle, serverDef, serverDef.length, status),
    );
  }

  /** The devices that there are. */
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

  /** Copies values, or zeros where there are none, into a tensor of the context. */
  upload(dtype: ElementType, shape: readonly number[], data: ArrayLike<number> | undefined): Handle {
    const tensor = newTensor(this.api, dtype, shape, data);
    try {
      return checked(this.api, 'TFE_NewTensorHandle', (status) => this.api.TFE_NewTensorHandle(tensor, status));
    } finally {
      this.api.TF_DeleteTensor(tensor);
    }
  }

  /** Zeros, float32. Large ones are written by all threads: a page of memory costs most when it is first written to. */
  zeros(shape: readonly number[]): Handle {
    const bytes = bytesOf('float32', shape);
    if (bytes < LARGE || isHopeless(bytes)) return this.upload('float32', shape, undefined);
    const inputs = [this.upload('int32', [shape.length], shape), this.upload('float32', [], [0])];
    try {
      return this.execute({ name: 'Fill', inputs, outputs: 1 })[0] as Handle;
    } finally {
      for (const input of inputs) this.release(input);
    }
  }

  /** Copies a tensor's values out, into `into` where that is given, and deletes the handle. */
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

  /** Runs an operation or a function on this thread. The caller owns the handles returned. */
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

/** Room for the output handles; TensorFlow reads the capacity from `count` and writes the number used there. */
function outputSlots(call: Call): { outputs: BigUint64Array; count: Int32Array } {
  return { outputs: new BigUint64Array(Math.max(1, call.outputs)), count: Int32Array.of(call.outputs) };
}

function handlesOf(outputs: BigUint64Array, count: Int32Array): Handle[] {
  return Array.from(outputs.subarray(0, count[0]));
}
