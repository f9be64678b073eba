import type { TrainingWarning } from './warnings.js';

/** An answer that a run trains on. */
export interface CutAnswer {
  readonly tokens: Int32Array;
  /** How many tokens the answer has lost to the longest length. */
  readonly cut: number;
}

/**
 * How many answers were not cut, and how many of these end in none of the end tokens.
 *
 * @param ends the tokens at which generation stops; undefined counts no answer as endless
 */
export function countEndless(
  answers: readonly CutAnswer[],
  ends: readonly number[] | undefined,
): { readonly whole: number; readonly endless: number } {
  const whole = answers.filter(({ cut }) => cut === 0);
  const endless = whole.filter(({ tokens }) => ends?.includes(tokens.at(-1) ?? -1) === false);
  return { whole: whole.length, endless: endless.length };
}

/**
 * Looks through encoded answers before the first step, and returns warnings of step 0:
 *
 * | code | when |
 * |---|---|
 * | `answers-truncated` | more than half of the answers were cut: the model learns to break off |
 * | `answers-never-end` | of the answers that were not cut, more than half end in none of the end tokens, or there is no end token: the model never learns to stop |
 *
 * @param ends the tokens at which generation stops; undefined gives no warning of ends
 */
export function watchAnswers(answers: readonly CutAnswer[], ends: readonly number[] | undefined): TrainingWarning[] {
  const { whole, endless } = countEndless(answers, ends);
  const cut = answers.length - whole;
  const warnings: TrainingWarning[] = [];
  if (2 * cut > answers.length)
    warnings.push({
      code: 'answers-truncated',
      step: 0,
      message: `${cut} of ${answers.length} answers were cut: the model is taught to break off.`,
      hint: 'Raise the longest length, shorten prompts, or leave long rows out.',
    });
  if (2 * endless > whole)
    warnings.push({
      code: 'answers-never-end',
      step: 0,
      message:
        ends?.length === 0
          ? `${endless} of ${whole} whole answers end in no end token, since neither the tokenizer nor the model names one: the model never learns to stop.`
          : `${endless} of ${whole} whole answers do not end in an end token (${ends?.join(', ')}): the model never learns to stop.`,
      hint:
        ends?.length === 0
          ? 'Name one: eos_token in tokenizer_config.json, or eos_token_id in generation_config.json.'
          : 'Check eos_token_id in generation_config.json, and that a chat template ends a turn with one of these tokens.',
    });
  return warnings;
}
