import { DpoError, inPieces } from '@dpo/base';
import { answerRewards } from '@dpo/core';
import { cutSummary, encodeGroups, type PlacedRows, type PromptWithAnswers, plainText } from '@dpo/data';
import type { Engine } from '@dpo/engine';
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
  /** Longest prompt and answer together, in tokens. Default: what the model takes. */
  readonly maxLength?: number | undefined;
  /** Ends answers with the end-of-text token, as those were that the model was trained on. Default true. */
  readonly eos?: boolean | undefined;
  /** Of a classifier with several labels: the one whose probability is the score. Default: the one that is called positive. */
  readonly label?: string | undefined;
  /** Puts rewards on the scale in the model's folder, where there is one. Default false: as transformers computes them. */
  readonly normalised?: boolean | undefined;
}

/** Scores answers to prompts: higher is better. A function of prompt and answer alone, whatever is scored together. */
export interface Scorer {
  /** What was opened. */
  readonly name: string;
  /** Whether differences of scores are log-odds, as those of reward models. */
  readonly bradleyTerry: boolean;
  /** How rewards of known answers are spread, where the folder says so. */
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

/** What a scoring is told besides. */
export interface ScoringOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a name is that of a classifier, which {@link openScorer} opens: its folder says so, or that of a PEFT adapter. */
export async function namesScorer(name: string, context: RunContext): Promise<boolean> {
  return (await classifierKind(await findModel(name, context))) !== undefined;
}

/**
 * Opens what scores answers: a reward model as `dpo reward` and TRL write one (a decoder with one label, or its PEFT adapter), whose
 * score is the reward at the end of the answer, or another text classifier, whose score is the probability of a label for the whole
 * text.
 *
 * @throws DpoError `classifier.not-one` for a model without a trained score head, and what models and tokenizers can be wrong with
 */
export async function openScorer(
  engine: Engine,
  name: string,
  given: Partial<RunContext> = {},
  options: ScorerOptions = {},
): Promise<Scorer> {
  const context = runContext(given);
  const found = await findModel(name, context);
  const kind = await classifierKind(found);
  if (kind === undefined)
    throw new DpoError('classifier.not-one', `${name} is no reward model: it has no score head.`, {
      values: { path: name },
      hint: 'Train one of it: dpo reward --model MODEL --data FILE --output FOLDER.',
    });
  const scale = await readRewardScale(found);
  const shown = (reward: number) => (options.normalised ? onScale(reward, scale) : reward);
  const scoring =
    kind === 'reward'
      ? await rewardScoring(engine, name, context, options)
      : textScoring((await loadClassifier(engine, found)).classifier, options);
  return {
    name,
    bradleyTerry: kind === 'reward',
    scale,
    score: async (prompts, more = {}) => (await scoring.score(prompts, more)).map((scores) => scores.map(shown)),
    read: scoring.read,
    dispose: scoring.dispose,
  };
}

type Scoring = Pick<Scorer, 'score' | 'read' | 'dispose'>;

/** Prompts are read once, however many answers they have. */
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
    async score(prompts, more = {}) {
      const groups = encodeGroups(prompts, tokenizer, { maxLength: longest, eos });
      const { truncatedRows, rows } = cutSummary(groups);
      if (truncatedRows > 0) context.note(`${name} reads ${truncatedRows} of ${rows} rows cut to ${longest} tokens.`);
      return answerRewards(
        model,
        groups.map(({ prompt, answers }) => ({
          prompt,
          answers: answers.map((answer) => withoutPadding(answer, pad)),
        })),
        more,
      );
    },
    dispose: () => model.dispose(),
  };
}

/** transformers passes over padding tokens that end a text, also over those that the text itself ends with. */
function withoutPadding(answer: Int32Array, pad: unknown): Int32Array {
  return answer.subarray(0, answer.findLastIndex((id) => id !== pad) + 1);
}

function textScoring(classifier: Classifier, { label, maxLength }: ScorerOptions): Scoring {
  return {
    // Any text can be read: what the vocabulary lacks becomes its unknown token.
    read: async () => undefined,
    async score(prompts, more = {}) {
      const texts = prompts.flatMap(({ prompt, answers }) =>
        answers.map((answer) => plainText(prompt) + plainText(answer)),
      );
      const scores = await classifier.scores(texts, { ...more, label, maxTokens: maxLength });
      let next = 0;
      return prompts.map(({ answers }) => answers.map(() => scores[next++] as number));
    },
    dispose: () => classifier.dispose(),
  };
}
