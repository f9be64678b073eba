/** The weights that a model's files must hold. */
export interface WeightPlan {
  readonly modelType: string;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** What stands before the names of all weights but the head's; files may leave it out. */
  readonly prefix: string;
  /** The head of a language model, which a classifier has not. */
  readonly head?: HeadPlan | undefined;
  /** True for a tensor that files may hold besides. */
  isExtra(name: string): boolean;
}

interface HeadPlan {
  readonly name: string;
  /** What files may call the head besides. */
  readonly aliases: readonly string[];
  /** The embedding that the head is tied to, where the configuration says so. */
  readonly tiedTo?: string | undefined;
}
