import type { Collective, Values } from '@dpo/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Columns, MethodTerms } from '../method.js';

/** The outputs of a compiled function: losses and columns, by the names of {@link outputsOf}. */
export type StepOutputs = Readonly<Record<string, Values>>;

/** The losses and columns of a step: one number to each example, over all workers. */
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

/** Joins the outputs of a step's micro-batches, and those of all workers, in order. */
export async function gatherColumns(outputs: readonly StepOutputs[], collective: Collective): Promise<StepColumns> {
  const gather = async (name: string): Promise<readonly number[]> => {
    const own = outputs.flatMap((output) => [...(output[name]?.data ?? [])]);
    return collective.size === 1 ? own : (await collective.gather(own)).flat();
  };
  const columns: Record<string, readonly number[]> = {};
  for (const name of Object.keys(outputs[0] ?? {}))
    if (name.startsWith(PREFIX)) columns[name.slice(PREFIX.length)] = await gather(name);
  return { losses: await gather('losses'), columns };
}
