import { between, oneOf, record, type Shape, text, truth, unknownOr } from '../shape.js';

/** Verdicts that say which answer is better. */
const USABLE = ['first', 'second', 'tie'] as const;
/** Lost verdicts: no label could be read, the judge declined, or no reply came. */
const LOST = ['unparsable', 'refused', 'failed'] as const;

/** A verdict that says which answer is better. */
export type UsableVerdict = (typeof USABLE)[number];
/** A verdict that says nothing of the answers. */
export type LostVerdict = (typeof LOST)[number];

/** A line of `verdicts.jsonl` under the file's keys: what a judge said of two answers in one order. */
export interface StoredVerdict {
  /** The prompt, by any name that all verdicts on the prompt share. */
  readonly prompt_id: string;
  /** Whose answer the judge saw first. */
  readonly first: 'model' | 'baseline';
  /** 0, and 1 and up when the same question is asked again. */
  readonly repetition: number;
  readonly verdict: UsableVerdict | LostVerdict;
  /** The judge's probability, 0 to 1, that the first answer is the better one. */
  readonly p_first?: number | undefined;
  /** The judge's probability of all offered labels together, 0 to 1; `p_first` is a share of it. */
  readonly label_mass?: number | undefined;
  /** Length of the model's answer in characters. */
  readonly model_length?: number | undefined;
  /** Length of the baseline's answer in characters. */
  readonly baseline_length?: number | undefined;
  /** The temperature at which the model's answer was drawn. */
  readonly temperature?: number | undefined;
  /** Which of several answers to the prompt was judged. */
  readonly sample?: number | undefined;
  /** The person who gave the verdict. */
  readonly rater?: string | undefined;
  /** Whether both answers of a tie are bad. */
  readonly both_bad?: boolean | undefined;
  /** What a person wrote beside the verdict. */
  readonly comment?: string | undefined;
  /** The name of the judge that was asked. */
  readonly judge_asked?: string | undefined;
  /** The judge's name by its own reply. */
  readonly judge_reported?: string | undefined;
  /** Tells prompt and answers from others: the beginning of their SHA-256. */
  readonly prompt_digest?: string | undefined;
  /** Tells the judge's instructions from others. */
  readonly template_digest?: string | undefined;
  /** The judge's reply as it came. */
  readonly text?: string | undefined;
  /** Why the verdict was lost, in words. */
  readonly reason?: string | undefined;
  /** Why the reply ended, in the server's word. */
  readonly finish_reason?: string | undefined;
  /** How the judge was made to say its verdict: `logprobs`, `json_schema`, `choice`, `text`. */
  readonly rung?: string | undefined;
  /** Whether the reply came from the cache, at no cost. */
  readonly cached?: boolean | undefined;
  readonly prompt_tokens?: number | undefined;
  readonly completion_tokens?: number | undefined;
  /** What the reply cost, in the currency of the price table. */
  readonly cost?: number | undefined;
  /** How long the question took. */
  readonly milliseconds?: number | undefined;
}

/** Whether a verdict says which answer is better. */
export function isUsable(verdict: StoredVerdict['verdict']): verdict is UsableVerdict {
  return USABLE.some((each) => each === verdict);
}

/**
 * The model's share of a verdict: the judge's probability that the model's answer is the better one, when the judge gave a
 * probability; else 1, ½ or 0. Undefined for a lost verdict, which is neither a loss nor a half.
 */
export function scoreOf({ first, verdict, p_first }: StoredVerdict): number | undefined {
  if (!isUsable(verdict)) return undefined;
  const ofFirst = p_first ?? { first: 1, tie: 0.5, second: 0 }[verdict];
  return first === 'model' ? ofFirst : 1 - ofFirst;
}

const amount = unknownOr(between(0, Number.MAX_VALUE));
const words = unknownOr(text);

/** The keys of a line that say what the question was. */
export const questionShapes = {
  prompt_id: (value: unknown, where: string) => (typeof value === 'number' ? String(value) : text(value, where)),
  first: oneOf(['model', 'baseline']),
  repetition: (value: unknown, where: string) =>
    value === undefined ? 0 : between(0, Number.MAX_SAFE_INTEGER)(value, where),
  model_length: amount,
  baseline_length: amount,
  temperature: amount,
  sample: amount,
  prompt_digest: words,
};

/** Reads a parsed line; keys that are not of {@link StoredVerdict} are left out. @throws ShapeError that names the key */
export const verdictShape: Shape<StoredVerdict> = record<StoredVerdict>({
  ...questionShapes,
  verdict: oneOf([...USABLE, ...LOST]),
  p_first: unknownOr(between(0, 1)),
  label_mass: amount,
  rater: words,
  both_bad: unknownOr(truth),
  comment: words,
  judge_asked: words,
  judge_reported: words,
  template_digest: words,
  text: words,
  reason: words,
  finish_reason: words,
  rung: words,
  cached: unknownOr(truth),
  prompt_tokens: amount,
  completion_tokens: amount,
  cost: amount,
  milliseconds: amount,
});
