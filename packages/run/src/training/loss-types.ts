import { DpoError, nearest } from '@dpo/base';
import { type Method, type MethodOptions, methodNamed, methodNames, sumOfMethods } from '@dpo/core';
import { USAGE } from '../usage.js';

/** The options that name several losses. */
export interface LossTypes {
  /** Names of losses of pairs, such as `dpo` and `sft`. */
  readonly lossType?: readonly string[] | undefined;
  /** A weight to each loss. Default: all 1. */
  readonly lossWeights?: readonly number[] | undefined;
}

/**
 * The method of `--loss-type a,b --loss-weights 1,0.2`; undefined without `--loss-type`.
 *
 * @throws DpoError `cli.usage` for an unknown name, and when there is not one weight to each name
 */
export function methodOfLossTypes(
  { lossType: names, lossWeights: weights }: LossTypes,
  options: MethodOptions,
): Method | undefined {
  if (names === undefined) return undefined;
  if (weights !== undefined && weights.length !== names.length)
    throw usage(`--loss-type names ${names.length} losses, --loss-weights has ${weights.length} numbers.`);
  for (const name of names)
    if (!methodNames.some((methodName) => methodName === name)) {
      const near = nearest(name, methodNames);
      throw usage(`--loss-type: there is no loss "${name}" of pairs.${near ? ` Did you mean "${near}"?` : ''}`);
    }
  return sumOfMethods(
    names.map((name, i) => ({ method: methodNamed(smoothedName(name, options), options), weight: weights?.[i] })),
  );
}

/** Losses that have another name when labels are smoothed. */
const smoothedNames: Readonly<Record<string, string>> = { dpo: 'cdpo' };

/** The name of the loss that a user's name stands for: `dpo` with smoothed labels is `cdpo`. */
export function smoothedName(name: string, { labelSmoothing = 0 }: Pick<MethodOptions, 'labelSmoothing'>): string {
  return labelSmoothing > 0 ? (smoothedNames[name] ?? name) : name;
}

function usage(message: string): DpoError {
  return new DpoError(USAGE, message, { hint: 'Such as: --loss-type dpo,sft --loss-weights 1,0.2' });
}
