import { encoderOf, passOf } from './_commands.js';
import type { TfjsBackend } from './tfjs-backend.js';

/** A shader of our own, WGSL. Its storage buffers have the bindings 0, 1, …, and its numbers the binding after them. */
export interface Shader {
  /** A name that no other shader has. */
  readonly name: string;
  /**
   * Declarations of buffers and functions, and `fn main(index: u32)`, which is run for every index below the count of the call. With
   * `lanes`, `fn main(index: u32, lane: u32)` is run by a group of so many threads for every index. `number(k)` is number k of the call.
   */
  readonly code: string;
  /** How many numbers the shader takes, besides the count. */
  readonly numbers: number;
  /** The threads to an index. Default: one, and no groups. */
  readonly lanes?: number;
}

/** A call of a shader. */
export interface ShaderCall {
  readonly buffers: readonly GPUBufferBinding[];
  readonly numbers: readonly number[];
  /** For how many indices `main` runs. */
  readonly count: number;
}

const GROUP = 64;
const [COPY_DST, UNIFORM] = [8, 64];
/** The bytes of a shader's numbers: uniform arrays consist of vectors of 16 bytes. */
const bytesOf = (numbers: number): number => 16 * Math.ceil((numbers + 1) / 4);

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** Records a call of a shader after the commands before it. */
export function runShader(backend: TfjsBackend, shader: Shader, { buffers, numbers, count }: ShaderCall): void {
  if (count === 0) return;
  const { device } = backend;
  const pipeline = pipelineOf(device, shader, buffers.length);
  const values = new Uint32Array(bytesOf(shader.numbers) / 4);
  values.set([count, ...numbers]);
  const uniform = backend.bufferManager.acquireBuffer(values.byteLength, COPY_DST | UNIFORM);
  device.queue.writeBuffer(uniform, 0, values);
  backend.uniformPendingDisposal.push(uniform);
  const bindings = [...buffers, { buffer: uniform }];
  const entries = bindings.map((resource, binding) => ({ binding, resource }));
  const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const pass = passOf(backend);
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  const groups = shader.lanes === undefined ? Math.ceil(count / GROUP) : count;
  const columns = Math.min(groups, device.limits.maxComputeWorkgroupsPerDimension);
  pass.dispatchWorkgroups(columns, Math.ceil(groups / columns));
  backend.recorded();
}

function pipelineOf(device: GPUDevice, { name, code, numbers, lanes }: Shader, buffers: number): GPUComputePipeline {
  const ofDevice = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, ofDevice);
  const existing = ofDevice.get(name);
  if (existing !== undefined) return existing;
  const module = device.createShaderModule({
    label: name,
    code: `${code}
@group(0) @binding(${buffers}) var<uniform> numbers_of_call : array<vec4<u32>, ${bytesOf(numbers) / 16}>;
/** Number k of the call. */
fn number(k : u32) -> u32 { let i = k + 1u; return numbers_of_call[i / 4u][i % 4u]; }
@compute @workgroup_size(${lanes ?? GROUP})
fn start(@builtin(workgroup_id) group : vec3<u32>, @builtin(num_workgroups) groups : vec3<u32>,
         @builtin(local_invocation_index) local : u32) {
  let index = ${lanes === undefined ? `(group.y * groups.x + group.x) * ${GROUP}u + local` : 'group.y * groups.x + group.x'};
  if (index < numbers_of_call[0].x) { main(${lanes === undefined ? 'index' : 'index, local'}); }
}`,
  });
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module, entryPoint: 'start' },
    label: name,
  });
  ofDevice.set(name, pipeline);
  return pipeline;
}

/** The type of the numbers in a buffer, WGSL. */
export type NumberType = 'f32' | 'i32';

/** tfjs's names of the types of numbers. */
export const dtypes = { f32: 'float32', i32: 'int32' } as const satisfies Readonly<Record<NumberType, string>>;

/** The type of the numbers in a tensor's buffer. The tensor's own type may be a wider one. */
export function numberTypeOf(backend: TfjsBackend, { dataId }: { readonly dataId: object }): NumberType {
  return backend.tensorMap.get(dataId).dtype === 'float32' ? 'f32' : 'i32';
}

/** Bindings of the whole buffers of tensors. */
export function bindingsOf(backend: TfjsBackend, tensors: readonly { readonly dataId: object }[]): GPUBufferBinding[] {
  return tensors.map((tensor) => ({ buffer: bufferOf(backend, tensor) }));
}

/** The whole buffer of a tensor, which is put onto the device if it is not there yet. */
export function bufferOf(backend: TfjsBackend, { dataId }: { readonly dataId: object }): GPUBuffer {
  backend.uploadToGPU(dataId);
  return backend.tensorMap.get(dataId).resource as GPUBuffer;
}

/** Fills a tensor's buffer with zeros, after the commands before. */
export function clear(backend: TfjsBackend, tensor: { readonly dataId: object }): void {
  const buffer = bufferOf(backend, tensor);
  encoderOf(backend).clearBuffer(buffer);
}

/** Copies a tensor into a new one, after the commands before. */
export function copy<T extends { readonly dataId: object; readonly shape: number[] }>(tfjs: TfjsBackend, tensor: T): T {
  const { dtype } = tfjs.tensorMap.get(tensor.dataId);
  const result = tfjs.makeTensorInfo(tensor.shape, dtype);
  const [from, to] = [bufferOf(tfjs, tensor), bufferOf(tfjs, result)];
  encoderOf(tfjs).copyBufferToBuffer(from, 0, to, 0, Math.min(from.size, to.size));
  return { ...tensor, dataId: result.dataId };
}
