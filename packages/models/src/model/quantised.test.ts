import { expect, it } from 'vitest';
import type { ModelFiles } from '../files/model-files.js';
import { checkUnquantised } from './quantised.js';
import { plainNames } from './tensor-names.js';

type Files = Readonly<Record<string, string>>;

const check = (tensors: Files, config: Record<string, unknown> = {}, format: ModelFiles['format'] = 'safetensors') => {
  const entries = Object.entries(tensors).map(([name, dtype]) => [name, { shape: [4], dtype, byteLength: 4 }] as const);
  const files = { path: 'here', config, format, tensors: new Map(entries) } as unknown as ModelFiles;
  checkUnquantised(files, plainNames(files.tensors.keys()), (name) => name.endsWith('position_ids'));
};

// The tensors of a layer "p" as each method's tools save them.
const bare: readonly (readonly [method: string, tensors: Files])[] = [
  [
    'bitsandbytes (4 bit)',
    { 'p.weight': 'U8', 'p.weight.absmax': 'U8', 'p.weight.quant_state.bitsandbytes__nf4': 'U8' },
  ],
  ['bitsandbytes (8 bit)', { 'p.weight': 'I8', 'p.SCB': 'F32', 'p.weight_format': 'U8' }],
  ['GPTQ', { 'p.qweight': 'I32', 'p.qzeros': 'I32', 'p.scales': 'F16', 'p.g_idx': 'I32' }],
  ['AWQ or GPTQ', { 'p.qweight': 'I32', 'p.qzeros': 'I32', 'p.scales': 'F16' }],
  ['FP8', { 'p.weight': 'F8_E4M3', 'p.weight_scale_inv': 'F32' }],
  ['compressed-tensors', { 'p.weight_packed': 'I32', 'p.weight_scale': 'BF16', 'p.weight_shape': 'I64' }],
  ['AQLM', { 'p.codes': 'I16', 'p.codebooks': 'F16', 'p.scales': 'F16' }],
  ['HQQ', { 'p.W_q': 'U8', 'p.scale': 'F16', 'p.zero': 'F16' }],
  ['MXFP4', { 'p.down_proj_blocks': 'U8', 'p.down_proj_scales': 'U8' }],
  ['MLX', { 'p.weight': 'U32', 'p.scales': 'F16', 'p.biases': 'F16' }],
];

it.each(bare)('%s is recognised by its tensors alone', (method, tensors) => {
  expect(() => check(tensors)).toThrow(
    expect.objectContaining({
      code: 'model.quantised',
      message: expect.stringContaining(`quantised by ${method}: "p.`),
    }),
  );
});

it.each([
  ['AWQ', { quant_method: 'awq', bits: 4 }],
  ['GPTQ', { quant_method: 'gptq', bits: 4 }],
  ['bitsandbytes (4 bit)', { load_in_4bit: true, load_in_8bit: false }],
  ['torchao', { quant_method: 'torchao' }],
  ['some-new-method', { quant_method: 'some-new-method' }],
])('%s is recognised by config.json', (method, quantization_config) => {
  expect(() => check({ 'p.weight': 'I8' }, { quantization_config })).toThrow(`quantised by ${method}`);
});

it('weights in eight bits are quantised, even when no method is named', () => {
  expect(() => check({ 'p.weight': 'F8_E5M2' })).toThrow('here is quantised: "p.weight" (F8_E5M2)');
});

it('floats are not quantised: beside a stale setting, beside integer constants, in GGUF', () => {
  const staleSetting = { quantization_config: { quant_method: 'gptq' } };
  check({ 'p.weight': 'BF16', 'p.bias': 'F32', 'p.position_ids': 'I64' }, staleSetting);
  check({ 'p.weight': 'Q4_0', 'p.scales': 'Q8_0' }, {}, 'gguf');
});
