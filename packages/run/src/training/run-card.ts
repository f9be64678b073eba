import { basename, resolve } from 'node:path';
import { preferenceLosses, type StepRecord } from '@dpo/core';
import { type ModelCardMethod, type ModelCardResult, modelCard } from '@dpo/models';
import type { RunConfig } from './run-folder.js';

/** A finished run, for its model card. */
export interface FinishedRun {
  readonly output: string;
  readonly config: RunConfig;
  /** Options that the card leaves out: options that name places, and options that the card has elsewhere. */
  readonly offCard: ReadonlySet<string>;
  readonly adapter: boolean;
  readonly records: readonly StepRecord[];
}

/** The text of `final/README.md`: base, data, method and settings as `config.json` has them, and the last measurements. */
export function runCard({ output, config, offCard, adapter, records }: FinishedRun): string {
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
        .filter(([key, value]) => !offCard.has(key) && value !== undefined)
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

/** The methods of `dpo rl`, with their papers on arXiv. */
const onPolicy: Readonly<Record<string, readonly [name: string, arxiv: string]>> = {
  rloo: ['REINFORCE with a leave-one-out baseline (RLOO)', '2402.14740'],
  ppo: ['Proximal Policy Optimization with a value head', '1909.08593'],
  grpo: ['Group Relative Policy Optimization', '2402.03300'],
  reinforce: ['REINFORCE++', '2501.03262'],
  'online-dpo': ['online Direct Preference Optimization', '2402.04792'],
  'rejection-sampling': ['rejection-sampling fine-tuning', '2304.06767'],
};

function methodOf({ command, options }: RunConfig): ModelCardMethod {
  const entryOfRl = command === 'rl' ? onPolicy[String(options.method)] : undefined;
  if (entryOfRl !== undefined) {
    const { method, reward, beta, klTarget } = options;
    const penalty = method === 'rejection-sampling' ? '' : ` and β ${beta}`;
    const steered = klTarget === undefined ? '' : ` at first, steered to ${klTarget} nats an answer`;
    const [name, arxiv] = entryOfRl;
    return {
      id: String(method),
      name: `${name} on its own answers, by the reward ${reward}${penalty}${steered}`,
      arxiv,
    };
  }
  const id = String(options.method ?? command);
  const entry = Object.entries(preferenceLosses).find(([name]) => name === id)?.[1];
  const arxiv = /arXiv (\d{4}\.\d{5})/.exec(entry?.source ?? '')?.[1];
  return { id, name: names[id] ?? entry?.title ?? id, arxiv };
}

/** The held-out numbers of the last evaluation. Without an evaluation: the numbers of the last training step, labelled so. */
function measurements(records: readonly StepRecord[]): ModelCardResult[] {
  const evaluated = records.findLast((record) => 'eval_loss' in record || 'eval_reward' in record);
  const record = evaluated ?? records.at(-1);
  const onHeldOut = ['eval_loss', 'eval_rewards/accuracies', 'eval_rewards/margins', 'eval_reward', 'eval_kl'];
  const onTraining = ['loss', 'rewards/accuracies', 'rewards/margins', 'reward', 'objective/kl', 'entropy'];
  return (evaluated ? onHeldOut : onTraining).flatMap((name) => {
    const value = (record as Readonly<Record<string, unknown>> | undefined)?.[name];
    if (typeof value !== 'number') return [];
    return [{ metric: evaluated ? name : `${name} (training, step ${record?.step})`, value }];
  });
}
