import { DpoError, shortened } from '@dpo/base';
import { plainText } from '@dpo/data';
import type { JudgedPair } from '../judges/judge.js';
import { type Answer, promptName } from './answer.js';

/** Pairs of answers, and what was left aside. */
export interface PairedAnswers {
  readonly pairs: readonly JudgedPair[];
  /** Prompts that only the baseline has answers to. */
  readonly unused: number;
}

/**
 * Puts the model's answers beside the baseline's to the same prompt. A model's answer is compared with one that was drawn at its
 * own temperature where the baseline has any to the prompt, else with those without regard to temperature; the second answer
 * with the second one, and so on, beginning again where the baseline has fewer.
 *
 * @throws DpoError `eval.other-prompts` where the baseline has no answer to a prompt; `eval.prompt-name` where one name stands
 *   for two prompts
 */
export function pairAnswers(model: readonly Answer[], baseline: readonly Answer[]): PairedAnswers {
  const others = byPrompt(baseline);
  const own = byPrompt(model);
  const lacking = [...own].filter(([key]) => !others.has(key));
  if (lacking.length > 0) throw otherPrompts(lacking.length, own.size, lacking[0]?.[1][0]);
  const names = namesOf(own);
  const pairs = [...own].flatMap(([key, answers]) =>
    pairsOf(names.get(key) as string, answers, others.get(key) as readonly Answer[]),
  );
  return { pairs, unused: [...others.keys()].filter((key) => !own.has(key)).length };
}

function byPrompt(answers: readonly Answer[]): Map<string, Answer[]> {
  const prompts = new Map<string, Answer[]>();
  for (const answer of answers) {
    const key = JSON.stringify(answer.prompt);
    const known = prompts.get(key);
    if (known === undefined) prompts.set(key, [answer]);
    else known.push(answer);
  }
  return prompts;
}

function pairsOf(promptId: string, answers: readonly Answer[], others: readonly Answer[]): JudgedPair[] {
  const counts = new Map<number | undefined, number>();
  return answers.map(({ prompt, text, temperature }) => {
    const sample = counts.get(temperature) ?? 0;
    counts.set(temperature, sample + 1);
    const alike = others.filter((other) => temperature !== undefined && other.temperature === temperature);
    const candidates = alike.length > 0 ? alike : others;
    const { text: baseline } = candidates[sample % candidates.length] as Answer;
    return { promptId, prompt, model: text, baseline, temperature, ...(sample === 0 ? {} : { sample }) };
  });
}

/** A name to each prompt: the file's, or one made from the prompt. */
function namesOf(prompts: ReadonlyMap<string, readonly Answer[]>): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [key, answers] of prompts) {
    const { prompt, promptId } = answers[0] as Answer;
    const name = promptId ?? promptName(prompt);
    if (taken.has(name))
      throw new DpoError('eval.prompt-name', `Two different prompts have the name ${name}.`, {
        values: { prompt: name },
        hint: 'Give each prompt a prompt_id of its own, or none.',
      });
    taken.add(name);
    names.set(key, name);
  }
  return names;
}

function otherPrompts(lacking: number, prompts: number, first: Answer | undefined): DpoError {
  const shown = first === undefined ? '' : shortened(plainText(first.prompt), 200);
  return new DpoError(
    'eval.other-prompts',
    `The baseline has no answer to ${lacking} of the model's ${prompts} prompts; the first is ${JSON.stringify(shown)}.`,
    {
      values: { lacking, prompts, prompt: shown },
      hint: 'Answer the same prompts by both: a prompt is the same where its text is, blanks included.',
    },
  );
}
