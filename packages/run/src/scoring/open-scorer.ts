import { DpoError, inPieces } from '@dpo/base';
import { answerRewards } from '@dpo/core';
import { cutSummary, encodeGroups, type PlacedRows, type PromptWithAnswers, plainText } from '@dpo/data';
import type { Collective, Engine } from '@dpo/engine';
import {
  type Classifier,
  classifierKind,
  loadClassifier,
  onScale,
  type RewardScale,
  readRewardScale,
} from '@dpo/models';
import { type RunContext, runContext } from '../context.js';
import { findModel } from '../inputs/open-model.js';
import { openRewardModel } from '../inputs/open-reward-model.js';

/** How answers are scored. */
export interface ScorerOptions {
  /** Longest prompt and answer together, in tokens. Default: the positions of the model. */
  readonly maxLength?: number | undefined;
  /** Ends answers with the end-of-text token, as in the model's training. Default true. */
  readonly eos?: boolean | undefined;
  /** The label whose probability is the score, for a classifier with several labels. Default: the label that is called positive. */
  readonly label?: string | undefined;
  /** Puts rewards on the scale that the model's folder may hold. Default false: rewards as transformers computes them. */
  readonly normalised?: boolean | undefined;
}

/** Scores answers to prompts: higher is better. A score depends on its prompt and answer alone, not on what is scored together. */
export interface Scorer {
  /** The name that was opened. */
  readonly name: string;
  /** Whether the difference between two scores is a log-odds, as with reward models. */
  readonly bradleyTerry: boolean;
  /** Mean and deviation of rewards, if the model's folder holds them. */
  readonly scale: RewardScale | undefined;
  /** The score of each answer to each prompt: result[p][a]. */
  score(prompts: readonly PromptWithAnswers[], options?: ScoringOptions): Promise<number[][]>;
  /**
   * Reads prompts with their answers as `score` does, and computes nothing.
   *
   * @throws {DpoError} what `score` throws of the first text that the tokenizer or its chat template cannot take
   */
  read(prompts: readonly PromptWithAnswers[] & PlacedRows): Promise<void>;
  /** Frees the weights. */
  dispose(): void;
}

/** How one call of `score` reports progress, and how a caller ends the call. */
export interface ScoringOptions {
  /** Called with how many prompts (for reward models) or texts (for other classifiers) have scores, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Aborting ends the call between two batches. */
  readonly signal?: AbortSignal | undefined;
  /** Workers that share the batches of a reward model, and all get all scores. Default: this worker alone. */
  readonly collective?: Collective | undefined;
}

/** Whether a name stands for a classifier that {@link openScorer} opens, by the files of its folder or of the PEFT adapter. */
export async function namesScorer(name: string, context: RunContext): Promise<boolean> {
  return (await classifierKind(await findModel(name, context))) !== undefined;
}

/**
 * Opens a scorer: a reward model or another text classifier. A reward model, as `dpo reward` and TRL write, is a decoder with one
 * label, or a PEFT adapter of such a decoder; its score is the reward at the end of the answer. The score of another classifier is
 * the probability of a label for the whole text.
 *
 * @throws DpoError `classifier.not-one` for a model without a trained score head; the errors of models and tokenizers
 */
export async function openScorer(
  engine: Engine,
  name: string,
  callbacks: Partial<RunContext> = {},
  options: ScorerOptions = {},
): Promise<Scorer> {
  const context = runContext(callbacks);
  const path = await findModel(name, context);
  const kind = await classifierKind(path);
  if (kind === undefined)
    throw new DpoError('classifier.not-one', `${name} is no reward model: it has no score head.`, {
      values: { path: name },
      hint: 'Train a reward model: dpo reward --model MODEL --data FILE --output FOLDER.',
    });
  const scale = await readRewardScale(path);
  const scaled = (reward: number) => (options.normalised ? onScale(reward, scale) : reward);
  const scoring =
    kind === 'reward'
      ? await rewardScoring(engine, name, context, options)
      : textScoring((await loadClassifier(engine, path)).classifier, options);
  return {
    name,
    bradleyTerry: kind === 'reward',
    scale,
    score: async (prompts, callOptions = {}) =>
      (await scoring.score(prompts, callOptions)).map((scores) => scores.map(scaled)),
    read: scoring.read,
    dispose: scoring.dispose,
  };
}

type Scoring = Pick<Scorer, 'score' | 'read' | 'dispose'>;

/** Scores by a reward model. A prompt is computed once for all of its answers. */
async function rewardScoring(
  engine: Engine,
  name: string,
  context: RunContext,
  { maxLength, eos }: ScorerOptions,
): Promise<Scoring> {
  const { model, tokenizer, source } = await openRewardModel(engine, name, { padToken: false }, context);
  const longest = Math.min(maxLength ?? model.maxPositions, model.maxPositions);
  const { pad_token_id: pad } = source.config;
  return {
    async read(prompts) {
      await inPieces(encodeGroups.steps(prompts, tokenizer, { maxLength: longest, eos }), context.signal);
    },
    async score(prompts, callOptions = {}) {
      const groups = encodeGroups(prompts, tokenizer, { maxLength: longest, eos });
      const { truncatedRows, rows } = cutSummary(groups);
      if (truncatedRows > 0) context.note(`${name} reads ${truncatedRows} of ${rows} rows cut to ${longest} tokens.`);
      return answerRewards(
        model,
        groups.map(({ prompt, answers }) => ({
          prompt,
          answers: answers.map((answer) => withoutPadding(answer, pad)),
        })),
        callOptions,
      );
    },
    dispose: () => model.dispose(),
  };
}

/** transformers passes over all padding tokens at the end of a text, also over padding tokens of the text itself. */
function withoutPadding(answer: Int32Array, pad: unknown): Int32Array {
  return answer.subarray(0, answer.findLastIndex((id) => id !== pad) + 1);
}

function textScoring(classifier: Classifier, { label, maxLength }: ScorerOptions): Scoring {
  return {
    // Any text can be read: what the vocabulary lacks becomes its unknown token.
    read: async () => undefined,
    async score(prompts, callOptions = {}) {
      const texts = prompts.flatMap(({ prompt, answers }) =>
        answers.map((answer) => plainText(prompt) + plainText(answer)),
      );
      const scores = await classifier.scores(texts, { ...callOptions, label, maxTokens: maxLength });
      let next = 0;
      return prompts.map(({ answers }) => answers.map(() => scores[next++] as number));
    },
    dispose: () => classifier.dispose(),
  };
}
