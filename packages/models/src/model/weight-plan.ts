/** The weights that a model's files must hold. */
export interface WeightPlan {
  readonly modelType: string;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** The beginning of all weights' names but the head's. Files may leave it out. */
  readonly prefix: string;
  /** The head of a language model. A classifier has none. */
  readonly head?: HeadPlan | undefined;
  /** True for a constant that files may hold besides the weights. */
  isExtra(name: string): boolean;
}

interface HeadPlan {
  readonly name: string;
  /** Other names of the head in files. */
  readonly aliases: readonly string[];
  /** The embedding that the configuration ties the head to. Undefined for an untied head. */
  readonly tiedTo?: string | undefined;
}
