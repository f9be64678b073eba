import type { JudgeReply } from '../judge.js';
import { labelInstruction, labelVerdict, meaningOf } from '../label-verdict.js';
import type { ChatReply } from './chat-reply.js';
import { labelProbabilities } from './label-probabilities.js';
import { parseVerdict } from './parse-verdict.js';

/** How a server is made to say a verdict: the names of {@link rungs}. */
export const rungNames = ['logprobs', 'json_schema', 'json_object_schema', 'choice', 'text'] as const;
export type RungName = (typeof rungNames)[number];

/** What a reply comes to: a verdict, or why there is none. */
type RungVerdict = Pick<JudgeReply, 'verdict' | 'p_first' | 'label_mass' | 'reason'>;

export interface Rung {
  readonly name: RungName;
  /** Settings of a request besides those that all have. */
  readonly settings: (labels: readonly string[]) => Readonly<Record<string, unknown>>;
  /** Tokens of a reply, where so many are enough for all. */
  readonly tokens?: number;
  /** What stands at the end of a question. */
  readonly instruction: (labels: readonly string[]) => string;
  readonly read: (reply: ChatReply, labels: readonly string[]) => RungVerdict;
  /** A question that shows by its reply whether the server does as it is told, and whether the reply does. */
  readonly trial: string;
  readonly passes: (reply: ChatReply, labels: readonly string[]) => boolean;
}

/** Below this much probability on labels the judge wants to say something else. */
const LEAST_MASS = 0.05;
const TRIAL_MASS = 0.5;

const colours = 'Which of these two words names a colour? A: red. B: seven.';
// Not a word of JSON or of letters: only a server that obeys the format replies in it.
const sea = 'Say something short about the sea.';

const jsonInstruction = (labels: readonly string[]) =>
  `${which(labels)} Reply with a JSON object alone: {"reason": "one sentence", "verdict": "${labels.join('" or "')}"}.`;

function which([a, b, c]: readonly string[]): string {
  return `Which is better, ${a} or ${b}${c === undefined ? '' : `, or ${c} where both are equally good`}?`;
}

function schemaOf(labels: readonly string[]) {
  return {
    type: 'object',
    properties: { reason: { type: 'string' }, verdict: { type: 'string', enum: labels } },
    required: ['reason', 'verdict'],
    additionalProperties: false,
  };
}

function fromText({ text }: ChatReply, labels: readonly string[]): RungVerdict {
  const parsed = parseVerdict(text, labels);
  if (parsed.label !== undefined) return { verdict: meaningOf(parsed.label) };
  const reasons = {
    empty: 'The reply has no text.',
    'no-label': 'The reply names no label that was offered.',
    'two-labels': 'The reply names two different labels at its end.',
  };
  return { verdict: 'unparsable', reason: reasons[parsed.why] };
}

function fromLogprobs(reply: ChatReply, labels: readonly string[]): RungVerdict {
  const probabilities = labelProbabilities(reply, labels);
  if (probabilities === undefined)
    return { verdict: 'unparsable', reason: 'The reply has no log-probability of a label.' };
  const verdict = labelVerdict(probabilities);
  if ((verdict.label_mass ?? 0) >= LEAST_MASS) return verdict;
  return {
    verdict: 'unparsable',
    label_mass: verdict.label_mass,
    reason: 'The labels are unlikely beginnings of the reply.',
  };
}

function passesSchema({ text }: ChatReply, labels: readonly string[]): boolean {
  try {
    const { verdict } = JSON.parse(text) as { readonly verdict?: unknown };
    return typeof verdict === 'string' && labels.includes(verdict);
  } catch {
    return false;
  }
}

function byJson(name: RungName, format: (labels: readonly string[]) => unknown): Rung {
  return {
    name,
    settings: (labels) => ({ response_format: format(labels) }),
    instruction: jsonInstruction,
    read: fromText,
    trial: sea,
    passes: passesSchema,
  };
}

/** All ways of saying a verdict, the most telling first. */
export const rungs: readonly Rung[] = [
  {
    name: 'logprobs',
    settings: () => ({ logprobs: true, top_logprobs: 20 }),
    tokens: 4,
    instruction: labelInstruction,
    read: fromLogprobs,
    trial: `${colours} ${labelInstruction(['A', 'B'])}`,
    passes: (reply) => (labelProbabilities(reply, ['A', 'B']) ?? []).reduce((sum, p) => sum + p, 0) >= TRIAL_MASS,
  },
  byJson('json_schema', (labels) => ({
    type: 'json_schema',
    json_schema: { name: 'verdict', strict: true, schema: schemaOf(labels) },
  })),
  byJson('json_object_schema', (labels) => ({ type: 'json_object', schema: schemaOf(labels) })),
  {
    name: 'choice',
    settings: (labels) => ({ structured_outputs: { choice: labels } }),
    tokens: 16,
    instruction: labelInstruction,
    read: fromText,
    trial: sea,
    passes: ({ text }, labels) => labels.includes(text.trim()),
  },
  {
    name: 'text',
    settings: () => ({}),
    instruction: (labels) =>
      `${which(labels)} Say in one sentence why, then end with a line of its own: "Verdict: ${labels.join('" or "Verdict: ')}".`,
    read: fromText,
    trial: `${colours} Say in one sentence why, then end with a line of its own: "Verdict: A" or "Verdict: B".`,
    passes: (reply) => parseVerdict(reply.text, ['A', 'B']).label !== undefined,
  },
];
