import { DpoError, shortened } from '@dpo/base';
import { plainText } from '@dpo/data';
import type { JudgedPair } from '../judges/judge.js';
import { type Answer, promptName } from './answer.js';

/** Pairs of answers, and how many prompts were left out. */
export interface PairedAnswers {
  readonly pairs: readonly JudgedPair[];
  /** Prompts that only the baseline has answers to. */
  readonly unused: number;
}

/**
 * Puts the model's answers beside the baseline's answers to the same prompt. An answer of the model is compared with a baseline
 * answer of the same temperature, or, when the baseline has none to the prompt, with a baseline answer of any temperature. The
 * second answer meets the second, and so on. When the baseline has fewer answers, they begin again with the first.
 *
 * @throws DpoError `eval.other-prompts` when the baseline has no answer to a prompt; `eval.prompt-name` when two prompts have the
 *   same name
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
    const answersToPrompt = prompts.get(key);
    if (answersToPrompt === undefined) prompts.set(key, [answer]);
    else answersToPrompt.push(answer);
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

/** The name of each prompt: the file's name, or a name made from the prompt. */
function namesOf(prompts: ReadonlyMap<string, readonly Answer[]>): Map<string, string> {
  const names = new Map<string, string>();
  const usedNames = new Set<string>();
  for (const [key, answers] of prompts) {
    const { prompt, promptId } = answers[0] as Answer;
    const name = promptId ?? promptName(prompt);
    if (usedNames.has(name))
      throw new DpoError('eval.prompt-name', `Two different prompts have the name ${name}.`, {
        values: { prompt: name },
        hint: 'Give each prompt a prompt_id of its own, or none.',
      });
    usedNames.add(name);
    names.set(key, name);
  }
  return names;
}

function otherPrompts(lacking: number, prompts: number, first: Answer | undefined): DpoError {
  const beginning = first === undefined ? '' : shortened(plainText(first.prompt), 200);
  return new DpoError(
    'eval.other-prompts',
    `The baseline has no answer to ${lacking} of the model's ${prompts} prompts; the first is ${JSON.stringify(beginning)}.`,
    {
      values: { lacking, prompts, prompt: beginning },
      hint: 'Have both answer the same prompts: texts must be equal, blanks included.',
    },
  );
}
