import { type Method, type MethodOptions, methodNamed, withLengthDesensitization, withPolicyWeights } from '@dpo/core';
import { type LossTypes, methodOfLossTypes, smoothedName } from './loss-types.js';

/** The options that say what is made of a pair. */
export interface PairMethodOptions extends LossTypes, MethodOptions {
  readonly method: string;
  readonly rowMargins: boolean;
  readonly ldAlpha?: number | undefined;
  readonly wpo: boolean;
}

/**
 * The method of `--method` or `--loss-type` on pairs, with what `--ld-alpha` and `--wpo` put around it.
 *
 * @throws DpoError `cli.usage`; `loss.takes-no-margin`
 */
export function pairMethod({ rowMargins: readMargin, ldAlpha, wpo, ...options }: PairMethodOptions): Method {
  const given = { ...options, readMargin };
  const plain = methodOfLossTypes(options, given) ?? methodNamed(smoothedName(options.method, options), given);
  const desensitized = ldAlpha === undefined ? plain : withLengthDesensitization(plain, ldAlpha);
  return wpo ? withPolicyWeights(desensitized) : desensitized;
}
