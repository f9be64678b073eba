import type { TokenPair } from './batch.js';
import type { Side } from './method.js';
import type { TrainingWarning } from './warnings.js';

/** A pair with the number of tokens that each answer has lost. */
export interface CutPair extends TokenPair {
  readonly cut: Readonly<Record<Side, number>>;
}

export interface AnswerOptions {
  /** The answers that are trained on. */
  readonly sides: readonly Side[];
  /** The token at which generation stops; undefined where nothing is said of ends. */
  readonly end: number | undefined;
}

/**
 * What encoded answers say before the first step, with step 0:
 *
 * | code | when |
 * |---|---|
 * | `answers-truncated` | more than half of the answers were cut: the model learns to break off |
 * | `answers-never-end` | of the answers that were not cut, more than half lack the end token: the model never learns to stop |
 */
export function watchAnswers(pairs: readonly CutPair[], { sides, end }: AnswerOptions): TrainingWarning[] {
  const answers = pairs.flatMap((pair) => sides.map((side) => ({ tokens: pair[side], cut: pair.cut[side] > 0 })));
  const whole = answers.filter(({ cut }) => !cut);
  const cut = answers.length - whole.length;
  const endless = end === undefined ? 0 : whole.filter(({ tokens }) => tokens.at(-1) !== end).length;
  const warnings: TrainingWarning[] = [];
  if (2 * cut > answers.length)
    warnings.push({
      code: 'answers-truncated',
      step: 0,
      message: `${cut} of ${answers.length} answers were cut: the model is taught to break off.`,
      hint: 'Raise the longest length, shorten prompts, or leave long rows out.',
    });
  if (2 * endless > whole.length)
    warnings.push({
      code: 'answers-never-end',
      step: 0,
      message: `${endless} of ${whole.length} whole answers do not end in the end-of-text token ${end}: the model never learns to stop.`,
      hint: 'Check the tokenizer’s eos_token, and that a chat template ends a turn with it.',
    });
  return warnings;
}
