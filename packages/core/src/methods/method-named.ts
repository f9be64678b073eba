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

/** The names that {@link methodNamed} knows: supervised fine-tuning and every preference loss. */
export type MethodName = 'sft' | PreferenceLossName | keyof typeof stepLosses;

export const methodNames = [
  'sft',
  ...Object.keys(preferenceLosses),
  ...Object.keys(stepLosses),
] as readonly MethodName[];

/** Methods that are more than a loss of pairs. */
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
 * A method of the registry, by the name that `--method` takes. Its loss is the mean over the pairs of a step, `sft` included,
 * whose loss is the sum over an answer here: {@link supervisedMethod} has the mean over tokens.
 *
 * @throws DpoError `loss.unknown`, naming the nearest known one; `loss.takes-no-margin`
 */
export function methodNamed(name: string, options: MethodOptions = {}): Method {
  if (!methodNames.some((known) => known === name)) throw unknownLoss(name, methodNames);
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
    hint: `Those that do: ${able.join(', ')}.`,
  });
}
