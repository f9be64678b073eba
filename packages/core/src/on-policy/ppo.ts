import * as tf from '@tensorflow/tfjs-core';
import { type Columns, defineMethod, mean, type StepView } from '../method.js';
import { parameters, type TrainableModel } from '../model.js';
import { openTokenScorer, type TokenScorerOptions } from '../token-scorer.js';
import { clippedRatioLoss, type RatioClip } from './clipped-ratio-loss.js';
import { clippedValueLoss } from './clipped-value-loss.js';
import { type GaeOptions, type GeneralisedAdvantages, generalisedAdvantages } from './generalised-advantages.js';
import { tokenWeights } from './grpo.js';
import { momentsOf } from './moments.js';
import type { OnPolicyMethod } from './on-policy-method.js';
import { penalisedRewards } from './penalised-rewards.js';
import { acceptsRatio, ratioColumns, ratioRecords } from './ratio-records.js';
import type { ScoredAnswer } from './rollout.js';
import {
  answerTotals,
  exampleOf,
  logRatios,
  ofAnswers,
  ofTokens,
  type RolloutExample,
  rolloutReader,
} from './rollout-example.js';
import { valueHead } from './value-head.js';
import { whiten } from './whiten.js';

/** Options of {@link ppo}. */
export interface PpoOptions extends RatioClip, GaeOptions, TokenScorerOptions {
  /** Weight of the value loss beside the policy's loss. Default 0.1. */
  readonly valueWeight?: number | undefined;
  /** How far a value may be from the value of the time when the answers were drawn, and still count. Default 0.2. */
  readonly valueClip?: number | undefined;
  /** The update of a step with a higher mean ratio is left out. Default 10. */
  readonly maxRatio?: number | undefined;
}

/**
 * PPO with a value head on the policy's own trunk. All weights of the head are zero at the start:
 *
 *     r_t = −β (log π_old(y_t) − log π_ref(y_t)) + 1[t = T] R      A, G = GAE(r, V_old; γ 1, λ 0.95)
 *     L = −min(ρ_t A'_t, clip(ρ_t, 1 ± 0.2) A'_t) + 0.1 · ½ max((V_t − G_t)², (clip(V_t, V_old ± 0.2) − G_t)²)
 *
 * The loss is the mean over the tokens of the batch; A' are the advantages, whitened over the batch. The value head is a trainable
 * of the method: checkpoints keep the head, the folder of the trained model does not. Source: arXiv 1909.08593 and "The N
 * implementation details of RLHF with PPO".
 *
 * @param model the policy
 * @param width D, of the policy's hidden states
 */
export function ppo(model: TrainableModel, width: number, options: PpoOptions = {}): OnPolicyMethod<RolloutExample> {
  const { valueWeight = 0.1, valueClip, maxRatio, low, high } = options;
  const head = valueHead(model.engine, width);
  const scorer = openTokenScorer(
    model,
    (scope, batch) => {
      const { states } = model.tokenLogps(parameters(model, scope), batch, { states: true });
      return head.values(states as tf.Tensor2D, head.read(scope));
    },
    options,
  );
  return {
    fewestSamples: 1,
    method: defineMethod<RolloutExample, string>({
      name: 'ppo',
      needs: { states: true },
      ...rolloutReader,
      trainables: head.trainables,
      apply: (inputs) => {
        const terms = clippedRatioLoss(logRatios(inputs), ofTokens(inputs, 'advantages'), { low, high }); // [R]
        const values = head.values(inputs.tokens.states as tf.Tensor2D, inputs.trainable); // [R]
        const ofValues = clippedValueLoss(values, ofTokens(inputs, 'values'), ofTokens(inputs, 'returns'), valueClip);
        const meanOf = (numbers: tf.Tensor1D) =>
          tf.mean<tf.Tensor1D>(tf.mul(answerTotals(inputs, numbers), ofAnswers(inputs, 'weight')), 1); // [N]
        const [policy, value] = [meanOf(terms.losses), meanOf(ofValues.losses)];
        return {
          losses: tf.add(policy, tf.mul(value, valueWeight)),
          columns: {
            ...ratioColumns(inputs, terms),
            ...{ policy, value, valueClipped: meanOf(ofValues.clipped) },
          },
        };
      },
      records: (columns) => ({ ...ratioRecords(columns, maxRatio), ...valueRecords(columns) }),
      accepts: (columns) => acceptsRatio(columns, maxRatio),
      prepare: async (step) => ({ ...(await rolloutReader.prepare(step)), records: await explainedVariance(step) }),
    }),
    examples: (rollouts, facts) => {
      const estimates = rollouts.map(({ answers }) => answers.map((answer) => estimate(answer, facts.beta, options)));
      const advantages = whiten(estimates.flat().map((each) => each.advantages));
      const weights = tokenWeights(rollouts, { lossType: 'dapo' });
      return rollouts.map((rollout, g) =>
        exampleOf(rollout, facts, {
          ofAnswers: { weight: weights[g] ?? [] },
          ofTokens: {
            advantages: advantages.splice(0, rollout.answers.length),
            returns: (estimates[g] ?? []).map(({ returns }) => Float32Array.from(returns)),
            values: rollout.answers.map(valuesOf),
          },
        }),
      );
    },
    values: (groups) => scorer.score(groups),
    dispose() {
      scorer.dispose();
      head.dispose();
    },
  };
}

/** V_old of each token; 0 for an answer that was scored without a value head. */
function valuesOf({ values, tokens }: ScoredAnswer): Float32Array {
  return values ?? new Float32Array(tokens.length);
}

/** Advantages and returns of an answer's tokens. */
function estimate(answer: ScoredAnswer, beta: number, options: GaeOptions): GeneralisedAdvantages {
  const { reward, logps, reference } = answer;
  return generalisedAdvantages(penalisedRewards(reward, { old: logps, reference }, beta), valuesOf(answer), options);
}

/** The parts of the loss, under the names of TRL's PPOTrainer. */
function valueRecords({ policy = [], value = [], valueClipped = [] }: Columns): Record<string, number> {
  return {
    'loss/policy_avg': mean(policy),
    'loss/value_avg': mean(value),
    'val/clipfrac_avg': mean(valueClipped),
  };
}

/** `value/explained_variance`: 1 − Var(G − V) / Var(G) over tokens; 0 for values that are constant, 1 for values that equal the returns. */
async function explainedVariance({
  examples,
  collective,
}: Pick<StepView<RolloutExample>, 'examples' | 'collective'>): Promise<Record<string, number>> {
  const all = async (name: 'returns' | 'values') => {
    const own = examples.flatMap(({ ofTokens }) => (ofTokens[name] ?? []).flatMap((list) => [...list]));
    return (await collective.gather(own)).flat();
  };
  const [returns, values] = [await all('returns'), await all('values')];
  const { variance } = momentsOf(returns);
  if (!(variance > 0)) return {};
  const residual = momentsOf(returns.map((each, i) => each - (values[i] as number)));
  return { 'value/explained_variance': 1 - residual.variance / variance };
}
