import { type FloatDtype, widen } from '@dpo/base/safetensors';
import {
  type Dequantise,
  dequantiseQ4v0,
  dequantiseQ4v1,
  dequantiseQ5v0,
  dequantiseQ5v1,
  dequantiseQ8v0,
} from './gguf-blocks.js';
import { dequantiseQ2K, dequantiseQ3K, dequantiseQ4K, dequantiseQ5K, dequantiseQ6K } from './gguf-k-blocks.js';

/** How a GGUF tensor type stores numbers. */
export interface GgufType {
  readonly name: string;
  /** Numbers in a block. A tensor's last size is a multiple of it. */
  readonly block: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** Undefined for types that are not read as weights. Files with such types open. */
  readonly dequantise?: Dequantise;
}

const float =
  (dtype: FloatDtype): Dequantise =>
  (bytes, out, at) =>
    widen(bytes, dtype, out, at);

/** Tensor types by their number in the file (`ggml_type`). */
export const ggufTypes: ReadonlyMap<number, GgufType> = new Map<number, GgufType>([
  [0, { name: 'F32', block: 1, bytes: 4, dequantise: float('float32') }],
  [1, { name: 'F16', block: 1, bytes: 2, dequantise: float('float16') }],
  [2, { name: 'Q4_0', block: 32, bytes: 18, dequantise: dequantiseQ4v0 }],
  [3, { name: 'Q4_1', block: 32, bytes: 20, dequantise: dequantiseQ4v1 }],
  [6, { name: 'Q5_0', block: 32, bytes: 22, dequantise: dequantiseQ5v0 }],
  [7, { name: 'Q5_1', block: 32, bytes: 24, dequantise: dequantiseQ5v1 }],
  [8, { name: 'Q8_0', block: 32, bytes: 34, dequantise: dequantiseQ8v0 }],
  [10, { name: 'Q2_K', block: 256, bytes: 84, dequantise: dequantiseQ2K }],
  [11, { name: 'Q3_K', block: 256, bytes: 110, dequantise: dequantiseQ3K }],
  [12, { name: 'Q4_K', block: 256, bytes: 144, dequantise: dequantiseQ4K }],
  [13, { name: 'Q5_K', block: 256, bytes: 176, dequantise: dequantiseQ5K }],
  [14, { name: 'Q6_K', block: 256, bytes: 210, dequantise: dequantiseQ6K }],
  [16, { name: 'IQ2_XXS', block: 256, bytes: 66 }],
  [17, { name: 'IQ2_XS', block: 256, bytes: 74 }],
  [18, { name: 'IQ3_XXS', block: 256, bytes: 98 }],
  [19, { name: 'IQ1_S', block: 256, bytes: 50 }],
  [20, { name: 'IQ4_NL', block: 32, bytes: 18 }],
  [21, { name: 'IQ3_S', block: 256, bytes: 110 }],
  [22, { name: 'IQ2_S', block: 256, bytes: 82 }],
  [23, { name: 'IQ4_XS', block: 256, bytes: 136 }],
  [24, { name: 'I8', block: 1, bytes: 1 }],
  [25, { name: 'I16', block: 1, bytes: 2 }],
  [26, { name: 'I32', block: 1, bytes: 4 }],
  [27, { name: 'I64', block: 1, bytes: 8 }],
  [28, { name: 'F64', block: 1, bytes: 8, dequantise: float('float64') }],
  [29, { name: 'IQ1_M', block: 256, bytes: 56 }],
  [30, { name: 'BF16', block: 1, bytes: 2, dequantise: float('bfloat16') }],
  [34, { name: 'TQ1_0', block: 256, bytes: 54 }],
  [35, { name: 'TQ2_0', block: 256, bytes: 66 }],
  [39, { name: 'MXFP4', block: 32, bytes: 17 }],
]);

/** The names of the types that can be read as weights. */
export const readableGgufTypes: readonly string[] = [...ggufTypes.values()]
  .filter((type) => type.dequantise !== undefined)
  .map((type) => type.name);
