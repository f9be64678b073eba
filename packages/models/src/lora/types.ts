import type { Variable } from '@dpo/engine';

/** Low-rank additions to linear layers (LoRA, arXiv 2106.09685): y = x W + (alpha / rank) x Aᵀ Bᵀ. */
export interface Adapter {
  readonly rank: number;
  readonly alpha: number;
  /** What x Aᵀ Bᵀ is multiplied by: alpha / rank. */
  readonly scaling: number;
  /** The adapted layers' full names, such as `model.layers.0.self_attn.q_proj`. */
  readonly layers: readonly string[];
  /** The names that chose them, as PEFT's `target_modules`. */
  readonly targets: readonly string[];
  /** A [rank, in] and B [out, rank] of each layer by PEFT's names. */
  readonly weights: ReadonlyMap<string, Variable>;
}

/** PEFT's name of a layer's A or B in `adapter_model.safetensors`. */
export function adapterWeightName(layer: string, part: 'A' | 'B'): string {
  return `base_model.model.${layer}.lora_${part}.weight`;
}
