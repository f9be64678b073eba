/** WebGPU's entry, or the reason why there is none. */
export type FoundGpu =
  | { readonly gpu: GPU }
  | {
      readonly gpu: undefined;
      readonly why: string;
      /** What to do to get WebGPU. */
      readonly hint: string;
    };

/** The limits of an adapter that decide which models fit, in WebGPU's names. Bytes, but for counts. */
export interface GpuLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
}

/** A device that WebGPU can compute on, as plain JSON. */
export interface GpuAdapter {
  /** The device's name for `device`: `gpu:N`, or `cpu` for a software adapter. */
  readonly device: 'cpu' | `gpu:${number}`;
  /** One line for people: vendor, architecture and driver, as far as the browser tells them. */
  readonly name: string;
  /** Whether the processor emulates the adapter. */
  readonly software: boolean;
  readonly limits: GpuLimits;
  /** WebGPU's optional features, such as `shader-f16` and `subgroups`. */
  readonly features: readonly string[];
}
