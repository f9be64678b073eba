import { DpoError, nearest } from '@dpo/base';
import { type Method, type MethodOptions, methodNamed, methodNames, sumOfMethods } from '@dpo/core';

/** The options that name several losses. */
export interface LossTypes {
  readonly method: string;
  readonly lossType?: readonly string[] | undefined;
  readonly lossWeights?: readonly number[] | undefined;
}

/**
 * The method of `--loss-type a,b --loss-weights 1,0.2`, or undefined where they are not given.
 *
 * @throws DpoError `cli.usage` for names that there are not, weights without losses or not one to each, and a `--method`
 * of its own.
 */
export function methodOfLossTypes(
  { method, lossType: names, lossWeights: weights }: LossTypes,
  options: MethodOptions,
): Method | undefined {
  if (names === undefined) {
    if (weights === undefined) return undefined;
    throw usage('--loss-weights are of the losses of --loss-type, which is not given.');
  }
  if (method !== 'dpo') throw usage(`--loss-type names the losses in place of --method ${method}: give one of them.`);
  if (weights !== undefined && weights.length !== names.length)
    throw usage(`--loss-type names ${names.length} losses, --loss-weights has ${weights.length} numbers.`);
  for (const name of names)
    if (!methodNames.some((known) => known === name)) {
      const near = nearest(name, methodNames);
      throw usage(`--loss-type: there is no loss "${name}" of pairs.${near ? ` Did you mean "${near}"?` : ''}`);
    }
  // DPO with label smoothing is cDPO.
  const meant = (name: string) => (name === 'dpo' && (options.labelSmoothing ?? 0) > 0 ? 'cdpo' : name);
  return sumOfMethods(names.map((name, i) => ({ method: methodNamed(meant(name), options), weight: weights?.[i] })));
}

function usage(message: string): DpoError {
  return new DpoError('cli.usage', message, { hint: 'Such as: --loss-type dpo,sft --loss-weights 1,0.2' });
}
