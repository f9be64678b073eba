import type { Variable } from '@dpo/engine';

/** A linear layer with low-rank factors. */
export interface AdaptedLayer {
  /** Its full name, such as `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  readonly rank: number;
  /** What x Aᵀ Bᵀ is multiplied by: alpha / rank, or alpha / √rank (rsLoRA). */
  readonly scaling: number;
}

/** How an adapter is made, as PEFT's configuration says it. */
export interface AdapterSettings {
  /** Columns of the low-rank factors: `r`. */
  readonly rank: number;
  readonly alpha: number;
  /** Other ranks and alphas of layers that a pattern means: `rank_pattern`, `alpha_pattern`. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  /** Additions are multiplied by alpha / √rank instead of alpha / rank (arXiv 2312.03732). */
  readonly rsLora: boolean;
  /** A magnitude to each output is learned, and the low-rank factors change its direction (arXiv 2402.09353). */
  readonly dora: boolean;
  /** The part of the adapted layers' inputs that a training step leaves out for the factors. */
  readonly dropout: number;
  /** The layers: names, or a regular expression of the whole name. */
  readonly targets: readonly string[] | string;
  /** The modules that are trained and saved in full, by the ends of their names. */
  readonly modulesToSave: readonly string[];
}

/** Low-rank additions to linear layers (LoRA, arXiv 2106.09685): y = x W + scaling · x Aᵀ Bᵀ. */
export interface Adapter extends AdapterSettings {
  /** Of the dropout. */
  readonly seed: number;
  readonly layers: readonly AdaptedLayer[];
  /** Names of the base's weights that the adapter has in its own version, a tied head's among them. */
  readonly saved: ReadonlySet<string>;
  /**
   * By PEFT's names: A [rank, in] and B [out, rank] of each layer, with DoRA its magnitude [out], and the weights that
   * are saved in full.
   */
  readonly weights: ReadonlyMap<string, Variable>;
}

/** What PEFT puts before every name. */
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

/** The weight behind PEFT's name, where it is one that is saved in full. */
export function savedWeightOf(name: string): string | undefined {
  return name.startsWith(peftPrefix) && !/\.lora_[^.]+(\.weight)?$/.test(name)
    ? name.slice(peftPrefix.length)
    : undefined;
}

/** The rank and the scaling of a layer: those of the first pattern that means it, else the adapter's. */
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
