import { DpoError } from '@dpo/base';
import type { AotOptions } from '../losses/aot-loss.js';
import {
  type LossEntry,
  type PreferenceLossName,
  preferenceLoss,
  preferenceLosses,
  stepLosses,
  unknownLoss,
} from '../losses/registry.js';
import type { Method } from '../method.js';
import { aotMethod, aotUnpairedMethod } from './aot.js';
import { type MethodOptions, preferenceMethod } from './preference.js';
import { supervisedMethod } from './supervised.js';

/** A name that {@link methodNamed} takes: supervised fine-tuning, or a loss of pairs. */
export type MethodName = 'sft' | PreferenceLossName | keyof typeof stepLosses;

/** All names that {@link methodNamed} takes. */
export const methodNames = [
  'sft',
  ...Object.keys(preferenceLosses),
  ...Object.keys(stepLosses),
] as readonly MethodName[];

/** The methods that are more than a preference loss. */
const otherMethods: Readonly<Record<Exclude<MethodName, PreferenceLossName>, (options: MethodOptions) => Method>> = {
  sft: () => supervisedMethod({ averageOver: 'answers' }),
  aot: withoutMargin('aot', aotMethod),
  'aot-unpaired': withoutMargin('aot-unpaired', aotUnpairedMethod),
};

function withoutMargin(name: string, make: (options: AotOptions) => Method): (options: MethodOptions) => Method {
  return (options) => {
    if (options.readMargin) throw takesNoMargin(name);
    return make(options);
  };
}

/**
 * A method of pairs, by the name that `--method` takes. The loss of a step is the mean over its pairs. That holds for `sft` too,
 * whose loss here is the sum over an answer's tokens; {@link supervisedMethod} has the mean over tokens.
 *
 * @throws DpoError `loss.unknown` when there is no such method, with the nearest name; `loss.takes-no-margin` when `readMargin`
 *   is set for a loss without a margin
 */
export function methodNamed(name: string, options: MethodOptions = {}): Method {
  if (!methodNames.some((each) => each === name)) throw unknownLoss(name, methodNames);
  if (Object.hasOwn(otherMethods, name)) return otherMethods[name as keyof typeof otherMethods](options);
  const { loss, needsReference, takesMargin = false } = preferenceLoss(name);
  if (options.readMargin && !takesMargin) throw takesNoMargin(name);
  return preferenceMethod(name, loss, { ...options, needsReference });
}

function takesNoMargin(name: string): DpoError {
  const able = Object.entries<LossEntry>(preferenceLosses).flatMap(([loss, entry]) =>
    entry.takesMargin ? [loss] : [],
  );
  return new DpoError('loss.takes-no-margin', `The loss ${name} takes no margin of its own for each pair.`, {
    values: { name, able },
    hint: `The losses with a margin are ${able.join(', ')}.`,
  });
}
