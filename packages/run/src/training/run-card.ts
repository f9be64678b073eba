import { basename, resolve } from 'node:path';
import { preferenceLosses, type StepRecord } from '@dpo/core';
import { type ModelCardMethod, type ModelCardResult, modelCard } from '@dpo/models';
import type { RunConfig } from './run-folder.js';

/** What a card tells of a finished run. */
export interface FinishedRun {
  readonly output: string;
  readonly config: RunConfig;
  /** Options that do not stand on the card: they say where, not how; base and data are named by themselves. */
  readonly aside: ReadonlySet<string>;
  readonly adapter: boolean;
  readonly records: readonly StepRecord[];
}

/** The text of `final/README.md`: base, data, method and settings as `config.json` has them, and the last measurements. */
export function runCard({ output, config, aside, adapter, records }: FinishedRun): string {
  const { model, dataset, options, versions, engine } = config;
  return modelCard({
    name: basename(resolve(output)),
    base: model.name,
    adapter,
    task: config.command === 'reward' ? 'text-classification' : 'text-generation',
    method: methodOf(config),
    data: [{ name: basename(dataset.path), rows: dataset.rows, fingerprint: dataset.fingerprint }],
    hyperparameters: Object.fromEntries(
      Object.entries({ ...options, steps: config.steps })
        .filter(([key, value]) => !aside.has(key) && value !== undefined)
        .map(([key, value]) => [
          key,
          typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean),
        ]),
    ),
    evaluation: measurements(records),
    versions: { ...versions, engine },
  });
}

/** Names of methods that say more than the registry's titles. */
const names: Readonly<Record<string, string>> = {
  dpo: 'Direct Preference Optimization',
  sft: 'supervised fine-tuning on the chosen answers',
  reward: 'Bradley–Terry on pairs of answers',
};

function methodOf({ command, options }: RunConfig): ModelCardMethod {
  const id = String(options.method ?? command);
  const entry = Object.entries(preferenceLosses).find(([name]) => name === id)?.[1];
  const arxiv = /arXiv (\d{4}\.\d{5})/.exec(entry?.source ?? '')?.[1];
  return { id, name: names[id] ?? entry?.title ?? id, arxiv };
}

/** Held-out numbers of the last evaluation where there was one, else those of the last training step, said to be so. */
function measurements(records: readonly StepRecord[]): ModelCardResult[] {
  const evaluated = records.findLast((record) => 'eval_loss' in record);
  const record = evaluated ?? records.at(-1);
  const wanted = ['loss', 'rewards/accuracies', 'rewards/margins'].map((name) => (evaluated ? `eval_${name}` : name));
  return wanted.flatMap((name) => {
    const value = (record as Readonly<Record<string, unknown>> | undefined)?.[name];
    if (typeof value !== 'number') return [];
    return [{ metric: evaluated ? name : `${name} (training, step ${record?.step})`, value }];
  });
}
