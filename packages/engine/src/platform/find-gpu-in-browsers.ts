import type * as node from './find-gpu.js';

/** WebGPU of the page. */
export const findGpu: typeof node.findGpu = async () => {
  const { gpu } = navigator as { readonly gpu?: GPU };
  if (gpu !== undefined) return { gpu };
  return {
    gpu: undefined,
    // Browsers hide WebGPU from pages that came over plain HTTP from another machine.
    why: isSecureContext
      ? 'this browser has no WebGPU'
      : 'this page came over an insecure connection, where browsers hide WebGPU',
    hint: 'Use a current Chrome, Edge, Safari or Firefox, or the WebAssembly engine.',
  };
};

/** Whether the page has WebGPU at all. */
export const mayHaveGpu: typeof node.mayHaveGpu = async () => 'gpu' in navigator;

declare const navigator: object;
declare const isSecureContext: boolean;
