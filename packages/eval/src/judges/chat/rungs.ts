import type { JudgeReply } from '../judge.js';
import { labelInstruction, labelVerdict, meaningOf } from '../label-verdict.js';
import type { ChatReply } from './chat-reply.js';
import { labelProbabilities } from './label-probabilities.js';
import { parseVerdict } from './parse-verdict.js';

/** How a server is made to say a verdict: the names of {@link rungs}. */
export const rungNames = ['logprobs', 'json_schema', 'json_object_schema', 'choice', 'text'] as const;
/** One of {@link rungNames}. */
export type RungName = (typeof rungNames)[number];

/** What is read out of a reply: a verdict, or why there is none. */
type RungVerdict = Pick<JudgeReply, 'verdict' | 'p_first' | 'label_mass' | 'reason'>;

/** One way of making a server say a verdict. */
export interface Rung {
  readonly name: RungName;
  /** The settings that a request has for this rung alone. */
  readonly settings: (labels: readonly string[]) => Readonly<Record<string, unknown>>;
  /** The longest reply in tokens; undefined for a rung that replies in words. */
  readonly tokens?: number;
  /** The end of a question. */
  readonly instruction: (labels: readonly string[]) => string;
  /** Reads a verdict out of a whole reply. */
  readonly verdictOf: (reply: ChatReply, labels: readonly string[]) => RungVerdict;
  /** A question whose reply shows whether the server does as the settings say. */
  readonly trial: string;
  /** Whether the reply to the trial shows that. */
  readonly passes: (reply: ChatReply, labels: readonly string[]) => boolean;
}

/** The probability of both labels together from which on the trial of log-probabilities is passed. */
const TRIAL_MASS = 0.5;

const colours = 'Which of these two words names a colour? A: red. B: seven.';
// The question names neither JSON nor letters, so only a server that keeps to the format replies with them.
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
  const statement = parseVerdict(text, labels);
  if (statement.label !== undefined) return { verdict: meaningOf(statement.label) };
  const reasons = {
    empty: 'The reply has no text.',
    'no-label': 'The reply names no label that was offered.',
    'two-labels': 'The reply names two different labels at its end.',
  };
  return { verdict: 'unparsable', reason: reasons[statement.why] };
}

function fromLogprobs(reply: ChatReply, labels: readonly string[]): RungVerdict {
  const probabilities = labelProbabilities(reply, labels);
  if (probabilities !== undefined) return labelVerdict(probabilities);
  return { verdict: 'unparsable', reason: 'The reply has no log-probability of a label.' };
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
    verdictOf: fromText,
    trial: sea,
    passes: passesSchema,
  };
}

/** All rungs, the most telling first. */
export const rungs: readonly Rung[] = [
  {
    name: 'logprobs',
    settings: () => ({ logprobs: true, top_logprobs: 20 }),
    tokens: 4,
    instruction: labelInstruction,
    verdictOf: fromLogprobs,
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
    verdictOf: fromText,
    trial: sea,
    passes: ({ text }, labels) => labels.includes(text.trim()),
  },
  {
    name: 'text',
    settings: () => ({}),
    instruction: (labels) =>
      `${which(labels)} Say in one sentence why, then end with a line of its own: "Verdict: ${labels.join('" or "Verdict: ')}".`,
    verdictOf: fromText,
    trial: `${colours} Say in one sentence why, then end with a line of its own: "Verdict: A" or "Verdict: B".`,
    passes: (reply) => parseVerdict(reply.text, ['A', 'B']).label !== undefined,
  },
];
