import { DpoError, nearest } from '@dpo/base';
import { type Method, type MethodOptions, methodNamed, methodNames, sumOfMethods } from '@dpo/core';
import { USAGE } from '../usage.js';

/** The options that name several losses. */
export interface LossTypes {
  readonly lossType?: readonly string[] | undefined;
  readonly lossWeights?: readonly number[] | undefined;
}

/**
 * The method of `--loss-type a,b --loss-weights 1,0.2`, or undefined where they are not given.
 *
 * @throws DpoError `cli.usage` for names that there are not, and weights that are not one to each
 */
export function methodOfLossTypes(
  { lossType: names, lossWeights: weights }: LossTypes,
  options: MethodOptions,
): Method | undefined {
  if (names === undefined) return undefined;
  if (weights !== undefined && weights.length !== names.length)
    throw usage(`--loss-type names ${names.length} losses, --loss-weights has ${weights.length} numbers.`);
  for (const name of names)
    if (!methodNames.some((known) => known === name)) {
      const near = nearest(name, methodNames);
      throw usage(`--loss-type: there is no loss "${name}" of pairs.${near ? ` Did you mean "${near}"?` : ''}`);
    }
  return sumOfMethods(
    names.map((name, i) => ({ method: methodNamed(smoothedName(name, options), options), weight: weights?.[i] })),
  );
}

/** Losses that have another name where labels are smoothed. */
const smoothed: Readonly<Record<string, string>> = { dpo: 'cdpo' };

/** The loss that a name means with these options. */
export function smoothedName(name: string, { labelSmoothing = 0 }: Pick<MethodOptions, 'labelSmoothing'>): string {
  return labelSmoothing > 0 ? (smoothed[name] ?? name) : name;
}

function usage(message: string): DpoError {
  return new DpoError(USAGE, message, { hint: 'Such as: --loss-type dpo,sft --loss-weights 1,0.2' });
}
