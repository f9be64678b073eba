import type { Collective } from '../collective.js';
import type { Columns } from '../method.js';
import type { StepOutputs } from './compile-steps.js';

/** What is known of each example of a step, over all workers. */
export interface StepColumns {
  readonly losses: readonly number[];
  readonly columns: Columns;
}

/** The outputs of a step's micro-batches one after another, those of every worker. */
export async function gatherColumns(outputs: readonly StepOutputs[], collective: Collective): Promise<StepColumns> {
  const names = Object.keys(outputs[0] ?? {}).filter((name) => name === 'losses' || name.startsWith(PREFIX));
  const all: Record<string, readonly number[]> = {};
  for (const name of names) {
    const own = outputs.flatMap((output) => [...(output[name]?.data ?? [])]);
    all[name] = collective.size === 1 ? own : (await collective.gather(own)).flat();
  }
  const { losses = [], ...columns } = all;
  return {
    losses,
    columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name.slice(PREFIX.length), values])),
  };
}

const PREFIX = 'column/';
