import { DpoError, isObject } from '@dpo/base';
import type { ModelFiles } from '../files/model-files.js';

/** The tensors that each method stores beside or in place of a weight, the most specific names first. */
const marks: readonly (readonly [method: string, pattern: RegExp])[] = [
  ['bitsandbytes (4 bit)', /\.weight\.(absmax|quant_map|nested_absmax|quant_state\..*)$/],
  ['bitsandbytes (8 bit)', /\.(SCB|weight_format)$/],
  ['compressed-tensors', /\.weight_(packed|zero_point|g_idx)$/],
  ['FP8', /\.(weight_scale_inv|input_scale|activation_scale)$/],
  ['GPTQ', /\.g_idx$/],
  ['AWQ or GPTQ', /\.(qweight|qzeros)$/],
  ['AQLM', /\.(codes|codebooks)$/],
  ['HQQ', /\.W_q$/],
  ['QuIP#', /\.(Qidxs|SU|SV)$/],
  ['MXFP4', /_(blocks|scales)$/],
  ['MLX', /\.biases$/],
  ['', /\.(weight_scales?|scales|qscales|zeros|weight_scale_2)$/],
];

/** Number types that are not read as weights. */
const integers = /^(F8_|I\d|U\d)/;

/** The usual names of methods by `quant_method`, when the two differ. */
const spoken: Readonly<Record<string, string>> = {
  gptq: 'GPTQ',
  awq: 'AWQ',
  fp8: 'FP8',
  fbgemm_fp8: 'FP8 (FBGEMM)',
  mxfp4: 'MXFP4',
  hqq: 'HQQ',
  aqlm: 'AQLM',
  eetq: 'EETQ',
  quip: 'QuIP#',
  modelopt: 'NVIDIA ModelOpt',
};

/**
 * Refuses files whose weights are quantised. A stale `quantization_config` in config.json beside weights in floats does not
 * count.
 *
 * @param names the files' tensors by their plain names
 * @param isConstant true for tensors that are no weights
 * @throws {DpoError} `model.quantised`, which names the method.
 */
export function checkUnquantised(
  { path, config, tensors, format }: ModelFiles,
  names: ReadonlyMap<string, readonly string[]>,
  isConstant: (name: string) => boolean,
): void {
  if (format === 'gguf') return;
  const all = [...names].filter(([name]) => !isConstant(name));
  const matches = marks.flatMap(([method, pattern]) => {
    const match = all.find(([name]) => pattern.test(name));
    return match === undefined ? [] : [{ method, tensor: match[1][0] as string }];
  });
  const whole = all.flatMap(([, places]) => places).find((name) => integers.test(tensors.get(name)?.dtype ?? ''));
  const tensor = matches[0]?.tensor ?? whole;
  if (tensor === undefined) return;
  const method = methodOf(config) ?? (matches[0]?.method || undefined);
  throw new DpoError(
    'model.quantised',
    `${path} is quantised${method === undefined ? '' : ` by ${method}`}: "${tensor}" (${tensors.get(tensor)?.dtype}) belongs to weights that are no floats, which are not read here.`,
    {
      values: { path, method: method ?? null, tensor, dtype: tensors.get(tensor)?.dtype ?? null },
      hint: 'Take the unquantised original of the model, in float32, float16 or bfloat16. Quantised GGUF files are read.',
    },
  );
}

/** The method that config.json names: transformers' `quantization_config`, or MLX's `quantization`. */
function methodOf(config: Readonly<Record<string, unknown>>): string | undefined {
  const settings = config.quantization_config ?? config.compression_config;
  if (!isObject(settings)) return isObject(config.quantization) ? 'MLX' : undefined;
  const { quant_method: method } = settings;
  const eight = settings.load_in_8bit === true || settings._load_in_8bit === true;
  const four = settings.load_in_4bit === true || settings._load_in_4bit === true;
  if (method === 'bitsandbytes' || (method === undefined && (eight || four)))
    return `bitsandbytes${four ? ' (4 bit)' : eight ? ' (8 bit)' : ''}`;
  if (typeof method !== 'string') return undefined;
  return Object.hasOwn(spoken, method) ? spoken[method] : method;
}
