import { alone, type Cluster, type Collective, type Engine, openEngine } from '@dpo/engine';
import type { z } from 'zod';
import type { RunContext } from '../context.js';
import { type EngineChoice, engineSettings } from '../options/engine-options.js';
import { optionsOf } from '../options/schema.js';
import { identityOf } from '../training/run-identity.js';
import { joinWorkers, leaveWorkers } from './join-workers.js';
import { workFacts } from './work-facts.js';

/** A command whose work several workers may share. */
export interface SharedCommand {
  readonly name: string;
  readonly options: z.ZodObject;
}

/** What a command computes with. */
export interface SharedWork {
  readonly engine: Engine;
  /** The workers; a single worker without a cluster. */
  readonly collective: Collective;
  /** Whether this worker writes files and results: the first does. */
  readonly leads: boolean;
}

/**
 * Opens an engine, waits for the other workers of the cluster, does the work and lets the workers leave together. Workers whose
 * options, models or data differ are refused before the work.
 *
 * @param data the data that all workers must have alike, by their names in errors. Called with several workers only
 * @throws DpoError the errors of engines; `engine.workers-missing`, `workers.differ`, `engine.worker-lost`; what the work throws
 */
export async function withWorkers<Result>(
  command: SharedCommand,
  options: EngineChoice & Readonly<Record<string, unknown>>,
  cluster: Cluster | undefined,
  context: RunContext,
  data: () => Promise<Readonly<Record<string, unknown>>>,
  work: (work: SharedWork) => Promise<Result>,
): Promise<Result> {
  const engine = await openEngine({ ...engineSettings(options, context), cluster });
  try {
    if (cluster === undefined) return await work({ engine, collective: alone, leads: true });
    const { files } = await identityOf(namedModels(options), undefined, context);
    const facts = {
      ...workFacts(command.name, optionsOf(command.options), options, engine),
      ...{ ...(await data()), 'the models': files },
    };
    const collective = await joinWorkers(engine, cluster, () => facts, context);
    const result = await work({ engine, collective, leads: collective.rank === 0 });
    await leaveWorkers(collective);
    return result;
  } finally {
    await engine.dispose();
  }
}

/** The models that options name. */
function namedModels({ model, ref, baseline }: Readonly<Record<string, unknown>>) {
  const nameOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { model: nameOf(model), ref: nameOf(ref), baseline: nameOf(baseline) };
}
