import { type Method, type MethodOptions, methodNamed, withLengthDesensitization, withPolicyWeights } from '@dpo/core';
import { type LossTypes, methodOfLossTypes, smoothedName } from './loss-types.js';

/** The options of methods on pairs. */
export interface PairMethodOptions extends LossTypes, MethodOptions {
  /** The method's name, when `lossType` names no losses. */
  readonly method: string;
  /** Whether each pair has a margin that the method reads. */
  readonly rowMargins: boolean;
  /** LD-DPO: the weight of the tokens by which the longer answer exceeds the shorter one. Default: no LD-DPO. */
  readonly ldAlpha?: number | undefined;
  /** WPO: whether pairs are weighed by how likely the policy is to write their answers. */
  readonly wpo: boolean;
}

/**
 * The method of `--method` or `--loss-type` on pairs, inside the decorators of `--ld-alpha` and `--wpo`.
 *
 * @throws DpoError `cli.usage`; `loss.takes-no-margin`
 */
export function pairMethod({ rowMargins: readMargin, ldAlpha, wpo, ...options }: PairMethodOptions): Method {
  const methodOptions = { ...options, readMargin };
  const plain =
    methodOfLossTypes(options, methodOptions) ?? methodNamed(smoothedName(options.method, options), methodOptions);
  const desensitized = ldAlpha === undefined ? plain : withLengthDesensitization(plain, ldAlpha);
  return wpo ? withPolicyWeights(desensitized) : desensitized;
}
