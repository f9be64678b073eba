type Shape = readonly number[];

/** A dispatch of a region's shader. */
export interface ShaderPass {
  /** The names of the tensors that the code reads. The code must use each of them. */
  readonly reads: readonly string[];
  /** The names of the tensors that the code writes: outputs, or tensors for the passes after. */
  readonly writes: readonly string[];
  /** The tensor for whose elements, or rows along the last axis, the code runs. */
  readonly over: { readonly elementsOf: string } | { readonly rowsOf: string };
  /**
   * WGSL, the body of a function. Tensors are arrays of f32 by their names; sizes (u32) and constants (f32) are values by theirs.
   *
   * Over elements, the code runs once for each element `i`. Over rows, `lanes` threads run the code for each `row`, each with its
   * number `lane`; `sum_of_row(value, lane)` and `largest_of_row(value, lane)` join a value of each thread, in the same order every
   * time, and all threads must call them.
   */
  readonly code: string;
}

/** The tensors and sizes of a region's shader, for inputs of certain shapes. */
export interface ShaderPlan {
  /** The shapes of the outputs and of the tensors between passes, by name. */
  readonly tensors: Readonly<Record<string, Shape>>;
  /** Whole numbers by the names in `sizes`. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** What a region computes, in WGSL for WebGPU, float32 throughout. */
export interface RegionShader {
  /** The names of the region's tensors, in the order of its arguments. */
  readonly inputs: readonly string[];
  /** The names of the region's numbers, in the order of its arguments. Default: none. */
  readonly constants?: readonly string[];
  /** The names of the outputs. With more than one, the region gives a list. */
  readonly outputs: readonly string[];
  /** The names of whole numbers that follow from the shapes. */
  readonly sizes: readonly string[];
  /** Undefined when the shader is not for inputs of such shapes: the region's operations run one by one. */
  plan(...inputs: readonly Shape[]): ShaderPlan | undefined;
  /** The dispatches, in order. */
  readonly passes: readonly ShaderPass[];
  /** WGSL functions that the passes call. */
  readonly functions?: string;
}
