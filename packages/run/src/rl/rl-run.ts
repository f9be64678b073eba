import { openEngine } from '@dpo/engine';
import type { z } from 'zod';
import type { RunContext } from '../context.js';
import { storageForDrawing } from '../inputs/frozen-storage.js';
import type { OpenModel } from '../inputs/open-model.js';
import { checkOptions } from '../options/check-options.js';
import { engineSettings } from '../options/engine-options.js';
import { rlOptions } from '../options/rl-options.js';
import { optionsOf } from '../options/schema.js';
import type { SinkOrOpener } from '../sinks/sink.js';
import { type HeldContext, type RunOptions, withOutputs } from '../train-run.js';
import { checkModels } from '../training/check-models.js';
import { dpoReference, type References } from '../training/dpo-reference.js';
import { openPolicy } from '../training/prepare.js';
import { findResumption, type Resumption } from '../training/resumption.js';
import { claimRunFolder } from '../training/run-folder.js';
import { identityOf, type RunIdentity } from '../training/run-identity.js';
import type { RunResult } from '../training/run-rows.js';
import { checkSameRun } from '../training/same-run.js';
import { joinWorkers, leaveWorkers } from '../workers/join-workers.js';
import { workFacts } from '../workers/work-facts.js';
import { findReward, type NamedReward } from './open-reward.js';
import { encodedPrompts, openPrompts, type Prompts } from './prompts.js';
import { checkNumbers, type RlOptions, rlMethod } from './rl-method.js';
import { rlTraining } from './rl-training.js';

/** The options of `dpo rl`, by their keys. */
export type RlConfig = z.input<typeof rlOptions>;

/**
 * Trains a model on its own answers, by a reward: what `dpo rl` does. The run's folder is like the folder of `trainRun`.
 *
 * @throws {DpoError} `cli.usage` for options, `reward.…` for rewards, and whatever can be wrong with models, prompts and places
 */
export async function rlRun(config: RlConfig, options: RunOptions = {}): Promise<RunResult> {
  const checkedOptions = checkOptions(rlOptions, config);
  checkNumbers(checkedOptions);
  return withOutputs({ name: 'rl', options: rlOptions }, checkedOptions, options, (context) =>
    openAndTrain(checkedOptions, options.sinks ?? [], context),
  );
}

/** Seconds that other workers wait for the first worker's rewards, beyond what the rewards may take. */
const SPARE_SECONDS = 60;

/** Whatever is checked before the engine is opened. */
interface CheckedInputs {
  readonly data: Prompts;
  readonly heldOut: Prompts | undefined;
  readonly reward: NamedReward;
  readonly identity: RunIdentity;
  readonly resume: Resumption | undefined;
}

async function openAndTrain(
  options: RlOptions,
  sinks: readonly SinkOrOpener[],
  context: HeldContext,
): Promise<RunResult> {
  const checked = await checkAll(options, context);
  const { rewardSeconds = 600 } = options;
  const cluster = context.cluster && {
    ...context.cluster,
    timeoutSeconds: Math.max(600, rewardSeconds) + SPARE_SECONDS,
  };
  const engine = await openEngine({ ...engineSettings(options, context), cluster });
  try {
    context.note(`Engine: ${engine.description}`);
    const { data, identity, resume } = checked;
    const collective = await joinWorkers(
      engine,
      cluster,
      () => ({
        ...workFacts('rl', optionsOf(rlOptions), options, engine),
        ...{ 'the prompts': data.fingerprint, 'the held-out prompts': checked.heldOut?.fingerprint },
        ...{ 'the models and the reward': identity.files, 'the checkpoint to go on from': resume?.state.step },
      }),
      context,
    );
    const opened = await openPolicy(engine, { ...options, ...storageForDrawing(engine, options) }, context);
    const prompts = await encodedPrompts(checked.data, opened, options, context);
    const heldOut = checked.heldOut && (await encodedPrompts(checked.heldOut, opened, options, context));
    const training = rlMethod(options, opened.model);
    const references = await referencesOf(options, opened, context);
    const reward = await checked.reward.open(engine, context);
    try {
      await reward.check(checked.data.rows);
      if (checked.heldOut !== undefined) await reward.check(checked.heldOut.rows);
      const parts = { opened, data, prompts, heldOut, training, references, reward, engine: engine.description };
      const result = await rlTraining(options, { ...parts, identity, resume, sinks, collective }, context);
      await leaveWorkers(collective);
      return result;
    } finally {
      await reward.close();
      training.dispose();
    }
  } finally {
    await engine.dispose();
  }
}

async function checkAll(options: RlOptions, context: HeldContext): Promise<CheckedInputs> {
  const resuming = options.resume || options.resumeFrom !== undefined;
  await claimRunFolder(options.output, { resume: resuming, overwrite: options.overwrite });
  const resume = resuming ? await findResumption(options.output, options.resumeFrom, context) : undefined;
  const reward = await findReward(options.reward, options.rewardSeconds, context);
  await checkModels(options, 'here', context);
  await context.beforeData?.();
  const data = await openPrompts(options.data, context);
  const heldOut = options.evalData === undefined ? undefined : await openPrompts(options.evalData, context);
  const now = { command: 'rl', table: optionsOf(rlOptions), options, dataset: data };
  if (resume !== undefined) await checkSameRun(options.output, resume, now, context);
  await checkModels(options, 'hub', context);
  const { files } = await identityOf(options, undefined, context);
  const identity = { files: { ...files, ...(Object.keys(reward.files).length > 0 ? { reward: reward.files } : {}) } };
  if (resume !== undefined) await checkSameRun(options.output, resume, { ...now, identity }, context);
  return { data, heldOut, reward, identity, resume };
}

/** The model that scores every batch of samples as the reference; the steps of methods of pairs read the same one. */
function referencesOf(options: RlOptions, { model }: OpenModel, context: RunContext): Promise<References> {
  const needsReference = { needs: { reference: 'answers' as const } };
  const inputs = { model, examples: [], heldOut: undefined, givenLogps: undefined };
  return dpoReference({ ...options, precomputeReference: false }, needsReference as never, inputs, context);
}
