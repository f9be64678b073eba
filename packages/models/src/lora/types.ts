import type { Variable } from '@dpo/engine';

/** A linear layer with low-rank factors. */
export interface AdaptedLayer {
  /** The full name, such as `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  readonly rank: number;
  /** The factor of x Aᵀ Bᵀ: alpha / rank, or alpha / √rank (rsLoRA). */
  readonly scaling: number;
}

/** The settings of an adapter in PEFT's configuration. */
export interface AdapterSettings {
  /** The rank of the factors: `r`. */
  readonly rank: number;
  readonly alpha: number;
  /** Other ranks, by patterns of layers' names: `rank_pattern`. */
  readonly rankPattern: Readonly<Record<string, number>>;
  /** Other alphas, by patterns of layers' names: `alpha_pattern`. */
  readonly alphaPattern: Readonly<Record<string, number>>;
  /** Whether additions are multiplied by alpha / √rank instead of alpha / rank (arXiv 2312.03732). */
  readonly rsLora: boolean;
  /** Whether a magnitude of each output is learned, and the factors change the direction alone (arXiv 2402.09353). */
  readonly dora: boolean;
  /** The probability with which a training step drops each element of the factors' inputs. */
  readonly dropout: number;
  /** The layers: names, or a regular expression of the whole name. */
  readonly targets: readonly string[] | string;
  /** The modules that are trained and saved in full, by the ends of their names. */
  readonly modulesToSave: readonly string[];
}

/** Low-rank additions to linear layers (LoRA, arXiv 2106.09685): y = x W + scaling · x Aᵀ Bᵀ. */
export interface Adapter extends AdapterSettings {
  /** The seed of the dropout. */
  readonly seed: number;
  readonly layers: readonly AdaptedLayer[];
  /** The base's weights that the adapter saves in full, by their names in the base. A tied head can be one of them. */
  readonly savedWeights: ReadonlySet<string>;
  /**
   * By PEFT's names: A [rank, in] and B [out, rank] of each layer, with DoRA its magnitude [out], and the weights that are saved
   * in full.
   */
  readonly weights: ReadonlyMap<string, Variable>;
}

/** The beginning of every name in PEFT. */
export const peftPrefix = 'base_model.model.';

/** PEFT's name of a layer's A or B in `adapter_model.safetensors`. */
export function adapterWeightName(layer: string, part: 'A' | 'B'): string {
  return `${peftPrefix}${layer}.lora_${part}.weight`;
}

/** PEFT's name of a layer's magnitude (DoRA). */
export function magnitudeName(layer: string): string {
  return `${peftPrefix}${layer}.lora_magnitude_vector`;
}

/** PEFT's name of a weight that is saved in full. */
export function savedWeightName(weight: string): string {
  return peftPrefix + weight;
}

/** The base's weight behind PEFT's name of a weight that is saved in full; undefined for other names. */
export function savedWeightOf(name: string): string | undefined {
  return name.startsWith(peftPrefix) && !/\.lora_[^.]+(\.weight)?$/.test(name)
    ? name.slice(peftPrefix.length)
    : undefined;
}

/** The rank and the scaling of a layer: by the first pattern that matches its name, else the adapter's. */
export function layerSettings(settings: AdapterSettings, layer: string): Pick<AdaptedLayer, 'rank' | 'scaling'> {
  const { rankPattern, alphaPattern, rsLora } = settings;
  const rank = patternValue(rankPattern, layer) ?? settings.rank;
  const alpha = patternValue(alphaPattern, layer) ?? settings.alpha;
  return { rank, scaling: alpha / (rsLora ? Math.sqrt(rank) : rank) };
}

/** A pattern is a regular expression of the name's end, after a dot. */
function patternValue(patterns: Readonly<Record<string, number>>, layer: string): number | undefined {
  const pattern = Object.keys(patterns).find((key) => new RegExp(`^(.*\\.)?(${key})$`).test(layer));
  return pattern === undefined ? undefined : patterns[pattern];
}
