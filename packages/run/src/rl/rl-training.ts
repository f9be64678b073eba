import { resolve } from 'node:path';
import {
  adaptiveKl,
  checkShares,
  fixedKl,
  type KlControl,
  noReference,
  type OnPolicyMethod,
  onPolicyBatches,
  openLogpScorer,
  type RewardRequest,
  type StepRecord,
  type TrainingWarning,
  type UnendedAnswers,
  watchOnPolicy,
} from '@dpo/core';
import type { Collective } from '@dpo/engine';
import { writeReport } from '@dpo/eval';
import type { ModelTokenizer } from '@dpo/models';
import type { RunContext } from '../context.js';
import type { OpenModel } from '../inputs/open-model.js';
import { rlOptions } from '../options/rl-options.js';
import { optionsOf } from '../options/schema.js';
import { clearRun } from '../places/clear-run.js';
import type { SinkOrOpener } from '../sinks/sink.js';
import { type StopText, stopText } from '../texts/stop-text.js';
import type { References } from '../training/dpo-reference.js';
import { parameterCounts } from '../training/prepare.js';
import type { Resumption } from '../training/resumption.js';
import type { RunConfig } from '../training/run-folder.js';
import type { RunIdentity } from '../training/run-identity.js';
import type { RunResult } from '../training/run-rows.js';
import { runTraining } from '../training/run-training.js';
import { version } from '../training/version.js';
import { drawPrompts } from './draw-prompts.js';
import type { OpenReward, RewardTexts } from './opened-reward.js';
import { policySampler } from './policy-sampler.js';
import type { Prompts, ReadyPrompt } from './prompts.js';
import { type RlOptions, rlOptimizer } from './rl-method.js';
import { sharedReward } from './shared-reward.js';

/** The parts of an on-policy run, opened and checked. */
export interface RlParts {
  readonly opened: OpenModel;
  /** The file of prompts. */
  readonly data: Prompts;
  readonly prompts: readonly ReadyPrompt[];
  readonly heldOut: readonly ReadyPrompt[] | undefined;
  readonly training: OnPolicyMethod<never>;
  readonly references: References;
  readonly reward: OpenReward;
  readonly engine: string;
  readonly identity: RunIdentity;
  readonly resume: Resumption | undefined;
  readonly sinks: readonly SinkOrOpener[];
  /** The workers that answer and train together. The first asks for rewards and writes. */
  readonly collective: Collective;
}

/** Trains, and writes the report. */
export async function rlTraining(options: RlOptions, parts: RlParts, context: RunContext): Promise<RunResult> {
  const { opened, prompts, training, references, data, engine, identity, resume, sinks, collective } = parts;
  const leads = collective.rank === 0;
  const { model, source } = opened;
  const plan = planOf(options, prompts.length);
  checkShares(options.promptsPerBatch / options.minibatches, collective.size);
  const counts = parameterCounts(model);
  const { seed } = options;
  const config: RunConfig = {
    ...{ command: 'rl', options: { ...options }, seed, steps: plan.steps },
    model: { name: options.model, ...counts },
    dataset: { path: resolve(options.data), rows: prompts.length, fingerprint: data.fingerprint },
    versions: { dpo: version, node: process.version },
    ...{ engine, identity },
  };
  const { batches, draw } = sourceOf(options, parts, plan);
  context.note(
    `Model: ${options.model}, ${counts.parameters.toLocaleString('en')} parameters, ` +
      `${counts.trained.toLocaleString('en')} trained. Prompts: ${prompts.length}; ${plan.steps} updates, ` +
      `${plan.perBatch} to each batch of ${options.promptsPerBatch} × ${options.samples} answers.`,
  );
  const started = performance.now();
  // The first answers and their rewards: whatever fails there costs nothing that lies in the run's folder. Training takes them over.
  if (resume === undefined) await batches.batch(1);
  if (options.overwrite && resume === undefined && leads) await clearRun(options.output);
  const result = await runTraining<never>(
    {
      ...{ model, source, config, batches, draw, resume, sinks, collective },
      ...{ steps: plan.steps, output: options.output },
      method: training.method,
      reference: training.method.needs.reference === undefined ? noReference() : references.train,
      optimizer: rlOptimizer(options),
      settings: { ...options, gradAccumulation: 1, earlyWarnings: earlyWarnings(options) },
      watch: watchOnPolicy(),
      offCard: new Set(optionsOf(rlOptions).flatMap(({ key, onCard }) => (onCard ? [] : [key]))),
    },
    context,
  );
  const seconds = (performance.now() - started) / 1000;
  if (!result.interrupted && result.folder !== undefined && leads) await writeReport(options.output);
  return { ...result, steps: plan.steps, seconds };
}

/** The number of updates, and how updates belong to batches of answers. */
interface Plan {
  readonly steps: number;
  /** Passes over a batch. */
  readonly iterations: number;
  /** Updates to a batch. */
  readonly perBatch: number;
}

function planOf(options: RlOptions, prompts: number): Plan {
  const iterations = options.iterations ?? (options.method === 'ppo' ? 4 : 1);
  const perBatch = iterations * options.minibatches;
  const batches = Math.ceil((options.epochs * prompts) / options.promptsPerBatch);
  return { iterations, perBatch, steps: options.maxSteps ?? batches * perBatch };
}

/** The source of the batches, and the function that answers held-out prompts after a step. */
function sourceOf(options: RlOptions, parts: RlParts, { iterations, steps }: Plan) {
  const { opened, prompts, heldOut, training, references, reward, collective } = parts;
  const { model, tokenizer } = opened;
  const { model: scoring, adapter } = references.scorer ?? { model, adapter: true };
  const reference = openLogpScorer(scoring, { adapter, collective });
  const { samples, promptsPerBatch, minibatches, seed, shuffle, maxNewTokens } = options;
  const stop = stopText(options.stop, tokenizer);
  const ends = { maxNewTokens, endTokens: tokenizer.endTokenIds, stopWhen: stop.completes };
  const sample = policySampler(model, { ...ends, collective });
  const batches = onPolicyBatches({
    ...{ training, samples, promptsPerBatch, minibatches, seed, shuffle, sample, epochs: iterations },
    prompts: prompts.map(({ tokens }) => tokens),
    reward: sharedReward(reward.of(textsOf(prompts, tokenizer, stop)), collective),
    reference: (groups) => reference.score(groups),
    control: controlOf(options),
    unended: unendedOf(options),
  });
  if (heldOut === undefined) return { batches, draw: undefined };
  const judged = sharedReward(reward.of(textsOf(heldOut, tokenizer, stop)), collective);
  const every = options.evalSteps ?? steps;
  const draw = async ({ step }: StepRecord) =>
    step % every === 0 || step === steps
      ? drawPrompts({ prompts: heldOut, tokenizer, sample, reward: judged, reference, seed })
      : undefined;
  return { batches, draw };
}

function textsOf(prompts: readonly ReadyPrompt[], tokenizer: ModelTokenizer, { before }: StopText): RewardTexts {
  return {
    rowOf: ({ row }: RewardRequest) => (prompts[row] as ReadyPrompt).row,
    answersOf: ({ prompt, answers }: RewardRequest) =>
      answers.map(({ tokens }) => before(tokenizer.decodeAfter(prompt, tokens, { skipSpecialTokens: true }))),
  };
}

function controlOf({ beta, klTarget: target, klHorizon: horizon }: RlOptions): KlControl {
  return target === undefined ? fixedKl(beta) : adaptiveKl({ beta, target, horizon });
}

function unendedOf({ endPenalty: penalty, endScore: score }: RlOptions): UnendedAnswers {
  if (penalty !== undefined) return { penalty };
  return score === undefined ? 'nothing' : { score };
}

/** The warnings before the first step. */
function earlyWarnings({ beta }: RlOptions): readonly TrainingWarning[] {
  if (beta > 0) return [];
  return [
    {
      code: 'no-kl-penalty',
      step: 0,
      message: 'With a beta of 0 nothing holds the policy to the reference: only objective/kl says how far it goes.',
      hint: 'Watch objective/kl and the samples, or give a beta above 0.',
    },
  ];
}
