import type * as tf from '@tensorflow/tfjs-core';
import type { FusingBackend, Region, RegionCall } from '../../region.js';
import type { RegionShader, ShaderPass, ShaderPlan } from '../../region-shader.js';
import { sizeOf } from '../../shared/size-of.js';
import { bindingsOf, numberTypeOf, runShader, type Shader } from '../run-shader.js';
import type { TfjsBackend } from '../tfjs-backend.js';

/** Threads to a row. Every device runs so many in a group. */
const LANES = 128;

/**
 * Lets a backend compute regions that have a shader. The operations of a region run one by one when a tensor is no float32, is empty, or
 * takes more bytes than a binding, or when a pass has more tensors than the device binds.
 *
 * @param bindingBytes the most bytes of a binding
 */
export function fuseRegions(backend: TfjsBackend & Partial<FusingBackend>, bindingBytes: number): void {
  backend.fuses = ({ shader }, inputs) => {
    const plan = shader?.plan(...inputs.map(({ shape }) => shape));
    if (shader === undefined || plan === undefined) return false;
    const sizes = [...inputs.map(({ size }) => size), ...Object.values(plan.tensors).map(sizeOf)];
    const most = backend.device.limits.maxStorageBuffersPerShaderStage;
    return (
      inputs.every((input) => numberTypeOf(backend, input) === 'f32') &&
      sizes.every((size) => size > 0 && 4 * size <= bindingBytes) &&
      shader.passes.every(({ reads, writes }) => reads.length + writes.length <= most)
    );
  };
}

/** The kernel of regions: the passes of a region's shader, one dispatch each. */
export const fusedRegion: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const tfjs = backend as TfjsBackend;
  const { region, constants } = (attrs as unknown as { readonly call: RegionCall }).call;
  const infos = Object.values(inputs) as tf.TensorInfo[];
  const { shader, plan } = planned(
    region,
    infos.map(({ shape }) => shape),
  );
  const tensors = new Map(infos.map((tensor, i) => [shader.inputs[i], tensor]));
  for (const [name, shape] of Object.entries(plan.tensors)) tensors.set(name, tfjs.makeTensorInfo(shape, 'float32'));
  const tensor = (name: string): tf.TensorInfo => tensors.get(name) as tf.TensorInfo;
  const bits = new Uint32Array(Float32Array.from(constants).buffer);
  const numbers = [...shader.sizes.map((name) => plan.sizes[name] as number), ...bits];
  for (const pass of shader.passes) {
    const buffers = bindingsOf(tfjs, [...pass.reads, ...pass.writes].map(tensor));
    const count = 'rowsOf' in pass.over ? rowsOf(tensor(pass.over.rowsOf)) : sizeOf(tensor(pass.over.elementsOf).shape);
    runShader(tfjs, shaderOf(region, shader, pass), { buffers, numbers, count });
  }
  for (const name of Object.keys(plan.tensors))
    if (!shader.outputs.includes(name)) tfjs.disposeData(tensor(name).dataId);
  const outputs = shader.outputs.map(tensor);
  return outputs.length === 1 ? (outputs[0] as tf.TensorInfo) : outputs;
};

/** A region's shader and its plan. The backend fuses only regions that have both. */
function planned({ name, shader }: Region, shapes: readonly number[][]): { shader: RegionShader; plan: ShaderPlan } {
  const plan = shader?.plan(...shapes);
  if (shader === undefined || plan === undefined) throw new Error(`The region ${name} has no shader for its inputs.`);
  return { shader, plan };
}

const rowsOf = ({ shape }: tf.TensorInfo): number => sizeOf(shape.slice(0, -1));

const shaders = new WeakMap<ShaderPass, Shader>();
let count = 0;

function shaderOf(region: Region, shader: RegionShader, pass: ShaderPass): Shader {
  const existing = shaders.get(pass);
  if (existing !== undefined) return existing;
  const byRows = 'rowsOf' in pass.over;
  const declare = (access: string) => (name: string, binding: number) =>
    `@group(0) @binding(${binding}) var<storage, ${access}> ${name} : array<f32>;`;
  const { sizes, constants = [], functions = '' } = shader;
  const own: Shader = {
    name: `region-${region.name}-${count++}`,
    numbers: sizes.length + constants.length,
    ...(byRows ? { lanes: LANES } : {}),
    code: [
      ...pass.reads.map(declare('read')),
      ...pass.writes.map((name, i) => declare('read_write')(name, pass.reads.length + i)),
      byRows ? joins : '',
      functions,
      byRows ? 'fn main(row : u32, lane : u32) {' : 'fn main(i : u32) {',
      ...sizes.map((name, i) => `let ${name} = number(${i}u);`),
      ...constants.map((name, i) => `let ${name} = bitcast<f32>(number(${sizes.length + i}u));`),
      pass.code,
      '}',
    ].join('\n'),
  };
  shaders.set(pass, own);
  return own;
}

const join = (name: string, step: string): string => `
fn ${name}(value : f32, lane : u32) -> f32 {
  shares[lane] = value;
  for (var span = lanes / 2u; span > 0u; span /= 2u) {
    workgroupBarrier();
    if (lane < span) { ${step} }
  }
  workgroupBarrier();
  let result = shares[0];
  workgroupBarrier();
  return result;
}`;

const joins = `
const lanes = ${LANES}u;
var<workgroup> shares : array<f32, lanes>;
${join('sum_of_row', 'shares[lane] += shares[lane + span];')}
${join('largest_of_row', 'shares[lane] = max(shares[lane], shares[lane + span]);')}`;
