import { type Method, preferenceLoss, preferenceMethod } from '@dpo/core';

/** The training method of `--method`, `--beta` and `--label-smoothing`. DPO with label smoothing is cDPO. */
export function dpoMethod(options: {
  readonly method: string;
  readonly beta: number;
  readonly labelSmoothing: number;
}): Method {
  const { beta, labelSmoothing } = options;
  const name = options.method === 'dpo' && labelSmoothing > 0 ? 'cdpo' : options.method;
  return preferenceMethod(name, preferenceLoss(name).loss, { beta, labelSmoothing });
}
