import type { TrainingWarning } from './warnings.js';

/** An answer that is trained on, and how many tokens it has lost. */
export interface CutAnswer {
  readonly tokens: Int32Array;
  readonly cut: number;
}

/**
 * What encoded answers say before the first step, with step 0:
 *
 * | code | when |
 * |---|---|
 * | `answers-truncated` | more than half of the answers were cut: the model learns to break off |
 * | `answers-never-end` | of the answers that were not cut, more than half lack the end token: the model never learns to stop |
 *
 * @param end the token at which generation stops; undefined where nothing is said of ends
 */
export function watchAnswers(answers: readonly CutAnswer[], end: number | undefined): TrainingWarning[] {
  const whole = answers.filter((answer) => answer.cut === 0);
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
