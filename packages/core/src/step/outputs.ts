import type { Collective, Values } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Columns, MethodTerms } from '../method.js';

/** What a compiled function says: losses and columns, by the names of {@link outputsOf}. */
export type StepOutputs = Readonly<Record<string, Values>>;

/** What is known of each example of a step, over all workers. */
export interface StepColumns {
  readonly losses: readonly number[];
  readonly columns: Columns;
}

const PREFIX = 'column/';

/** Losses and columns of a call as outputs of its function. */
export function outputsOf({ losses, columns }: MethodTerms): Record<string, tf.Tensor> {
  return {
    losses,
    ...Object.fromEntries(Object.entries(columns).map(([name, column]) => [`${PREFIX}${name}`, column])),
  };
}

/** The outputs of a step's micro-batches one after another, those of every worker. */
export async function gatherColumns(outputs: readonly StepOutputs[], collective: Collective): Promise<StepColumns> {
  const gathered = async (name: string): Promise<readonly number[]> => {
    const own = outputs.flatMap((output) => [...(output[name]?.data ?? [])]);
    return collective.size === 1 ? own : (await collective.gather(own)).flat();
  };
  const columns: Record<string, readonly number[]> = {};
  for (const name of Object.keys(outputs[0] ?? {}))
    if (name.startsWith(PREFIX)) columns[name.slice(PREFIX.length)] = await gathered(name);
  return { losses: await gathered('losses'), columns };
}
