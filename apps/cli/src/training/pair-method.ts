import { DpoError } from '@dpo/base';
import {
  type Method,
  type MethodOptions,
  methodNamed,
  rowLosses,
  withLengthDesensitization,
  withPolicyWeights,
} from '@dpo/core';
import { type LossTypes, methodOfLossTypes } from './loss-types.js';

/** The options that say what is made of a pair. */
export interface PairMethodOptions extends LossTypes, MethodOptions {
  readonly rowMargins: boolean;
  readonly ldAlpha?: number | undefined;
  readonly wpo: boolean;
}

/**
 * The method of `--method` or `--loss-type` on pairs, with what `--ld-alpha` and `--wpo` put around it.
 *
 * @throws DpoError `cli.usage`; `loss.takes-no-margin`.
 */
export function pairMethod({ rowMargins: readMargin, ldAlpha, wpo, ...options }: PairMethodOptions): Method {
  // DPO with label smoothing is cDPO.
  const name = options.method === 'dpo' && (options.labelSmoothing ?? 0) > 0 ? 'cdpo' : options.method;
  const given = { ...options, readMargin };
  const plain = methodOfLossTypes(options, given) ?? methodNamed(name, given);
  const desensitized = ldAlpha === undefined ? plain : withLengthDesensitization(plain, ldAlpha);
  return wpo ? withPolicyWeights(desensitized) : desensitized;
}

/** @throws DpoError `cli.usage` where a method of other rows than pairs is to do what only methods of pairs can. */
export function checkForPairs({ method, lossWeights, rowMargins, ldAlpha, wpo }: PairMethodOptions): void {
  if (!Object.hasOwn(rowLosses, method)) return;
  const given = {
    '--row-margins': rowMargins,
    '--ld-alpha': ldAlpha !== undefined,
    '--wpo': wpo,
    '--loss-weights': !!lossWeights,
  };
  for (const [option, is] of Object.entries(given))
    if (is) throw new DpoError('cli.usage', `${option} is about pairs, which ${method} does not take.`);
}
