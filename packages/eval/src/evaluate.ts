import { DpoError } from '@dpo/base';
import type { Message, Text } from '@dpo/data';
import { type RewardKl, rewardKl } from './evaluation.js';

/** A text that a sampler drew. */
export interface DrawnText {
  /** The number of the text's prompt, from 0. */
  readonly index: number;
  readonly text: string;
  /** log π(text | prompt), in nats, summed over the tokens, of the policy that drew the text at temperature 1. */
  readonly logp: number;
}

/** Draws texts from a policy, any number of each prompt. */
export type Sampler<Drawn extends DrawnText = DrawnText> = (prompts: readonly Text[]) => Promise<readonly Drawn[]>;

/** What a text is worth: higher is better. An example is `vaderReward`. */
export type Reward = (text: string, prompt: Text) => number | Promise<number>;

/** log π_ref(text | prompt) of each text, in nats, over the same tokens, in the same order. */
export type ReferenceScorer<Drawn extends DrawnText = DrawnText> = (
  texts: readonly Drawn[],
) => Promise<readonly number[]>;

/** A drawn text with its measurements. */
export type MeasuredText<Drawn extends DrawnText> = Omit<Drawn, 'prompt'> & {
  readonly index: number;
  /** The prompt as people see it. */
  readonly prompt: string;
  readonly text: string;
  readonly logp: number;
  readonly reward: number;
  readonly referenceLogp: number;
};

/** A policy's place in the plane of reward and KL, and the texts from which the place is computed. */
export interface PolicyEvaluation<Drawn extends DrawnText = DrawnText> extends RewardKl {
  readonly prompts: number;
  readonly samples: readonly MeasuredText<Drawn>[];
}

/**
 * Draws texts from a policy, rewards them, and estimates mean reward and KL(policy ‖ reference) with standard errors, as
 * {@link rewardKl} does. The texts must be drawn at temperature 1 from the whole vocabulary: only then do their
 * log-probabilities belong to the distribution that they come from.
 *
 * @param options.logps the reference's log-probabilities of the drawn texts; absent when the policy is the reference itself, whose
 *   KL is 0
 * @param options.show the words of a prompt that people see; by default the text, or a line for each message
 * @throws DpoError `eval.no-values` when no text is drawn; `eval.bad-value` for a reward or log-probability that is not a finite
 *   number; `eval.wrong-count` when `logps` gives another number of values than texts, or when a text has no prompt
 */
export async function evaluateRewardKl<Drawn extends DrawnText>(options: {
  readonly prompts: readonly Text[];
  readonly sample: Sampler<Drawn>;
  readonly reward: Reward;
  readonly logps?: ReferenceScorer<Drawn> | undefined;
  readonly show?: ((prompt: Text) => string) | undefined;
}): Promise<PolicyEvaluation<Drawn>> {
  const { prompts, sample, reward, logps, show = plain } = options;
  const texts = await sample(prompts);
  const reference = (await logps?.(texts)) ?? texts.map(({ logp }) => logp);
  if (reference.length !== texts.length)
    throw new DpoError(
      'eval.wrong-count',
      `There are ${texts.length} texts but ${reference.length} reference values.`,
      {
        values: { texts: texts.length, values: reference.length },
      },
    );
  const samples: MeasuredText<Drawn>[] = [];
  for (const [i, text] of texts.entries()) {
    const prompt = prompts[text.index];
    if (prompt === undefined)
      throw new DpoError(
        'eval.wrong-count',
        `Text ${i} belongs to prompt ${text.index}; there are ${prompts.length}.`,
        {
          values: { text: i, prompt: text.index, prompts: prompts.length },
        },
      );
    const worth = finite('reward', await reward(text.text, prompt), i);
    const referenceLogp = finite('reference log-probability', reference[i], i);
    finite('log-probability', text.logp, i);
    samples.push({ ...text, prompt: show(prompt), reward: worth, referenceLogp });
  }
  return { ...rewardKl(samples), prompts: prompts.length, samples };
}

function finite(what: string, value: number | undefined, i: number): number {
  if (value !== undefined && Number.isFinite(value)) return value;
  throw new DpoError('eval.bad-value', `The ${what} of text ${i} is ${value}, not a finite number.`, {
    values: { text: i, value: String(value) },
  });
}

function plain(prompt: Text): string {
  return typeof prompt === 'string' ? prompt : prompt.map(messageInWords).join('\n');
}

function messageInWords({ role, content, ...others }: Message): string {
  const words = typeof content === 'string' ? content : JSON.stringify(content);
  return `${role}: ${words}${Object.keys(others).length === 0 ? '' : ` ${JSON.stringify(others)}`}`;
}
