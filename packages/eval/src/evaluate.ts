import { DpoError } from '@dpo/base';
import type { Message, Text } from '@dpo/data';
import { type RewardKl, rewardKl } from './evaluation.js';

/** A text as a sampler draws it. */
export interface DrawnText {
  /** The number of its prompt, from 0. */
  readonly index: number;
  readonly text: string;
  /** log π(text | prompt), in nats, summed over the tokens, of the policy that drew it at temperature 1. */
  readonly logp: number;
}

/** Draws texts from a policy, any number to a prompt. */
export type Sampler<Drawn extends DrawnText = DrawnText> = (prompts: readonly Text[]) => Promise<readonly Drawn[]>;

/** What a text is worth: higher is better. `vaderReward` is one. */
export type Reward = (text: string, prompt: Text) => number | Promise<number>;

/** log π_ref(text | prompt) of each of the drawn texts, in nats, over the same tokens, in the same order. */
export type ReferenceScorer<Drawn extends DrawnText = DrawnText> = (
  drawn: readonly Drawn[],
) => Promise<readonly number[]>;

/** A drawn text with what was measured of it. */
export type Measured<Drawn extends DrawnText> = Omit<Drawn, 'prompt'> & {
  readonly index: number;
  /** The prompt as it is shown. */
  readonly prompt: string;
  readonly text: string;
  readonly logp: number;
  readonly reward: number;
  readonly referenceLogp: number;
};

/** A policy's place in the plane of reward and KL, and the texts that it is computed from. */
export interface PolicyEvaluation<Drawn extends DrawnText = DrawnText> extends RewardKl {
  readonly prompts: number;
  readonly samples: readonly Measured<Drawn>[];
}

/**
 * Draws texts from a policy, rewards them, and estimates mean reward and KL(policy ‖ reference) with standard errors, as
 * {@link rewardKl} does. The texts must be drawn at temperature 1 from the whole vocabulary: only then are their
 * log-probabilities those of the distribution that they come from.
 *
 * @param options.logps the reference's log-probabilities of the drawn texts; left out where the policy is the reference
 *   itself, whose KL is 0
 * @param options.show what of a prompt people see; the text itself, or the messages one to a line, if left out
 * @throws DpoError `eval.no-values` where nothing is drawn; `eval.bad-value` for a reward or log-probability that is not
 *   a finite number; `eval.wrong-count` where `logps` gives more or fewer values than there are texts, or a text belongs
 *   to no prompt
 */
export async function evaluateRewardKl<Drawn extends DrawnText>(options: {
  readonly prompts: readonly Text[];
  readonly sample: Sampler<Drawn>;
  readonly reward: Reward;
  readonly logps?: ReferenceScorer<Drawn> | undefined;
  readonly show?: ((prompt: Text) => string) | undefined;
}): Promise<PolicyEvaluation<Drawn>> {
  const { prompts, sample, reward, logps, show = plain } = options;
  const drawn = await sample(prompts);
  const reference = (await logps?.(drawn)) ?? drawn.map(({ logp }) => logp);
  if (reference.length !== drawn.length)
    throw new DpoError(
      'eval.wrong-count',
      `There are ${drawn.length} texts but ${reference.length} reference values.`,
      {
        values: { texts: drawn.length, values: reference.length },
      },
    );
  const samples: Measured<Drawn>[] = [];
  for (const [i, text] of drawn.entries()) {
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
  return typeof prompt === 'string' ? prompt : prompt.map(shown).join('\n');
}

function shown({ role, content, ...others }: Message): string {
  const words = typeof content === 'string' ? content : JSON.stringify(content);
  return `${role}: ${words}${Object.keys(others).length === 0 ? '' : ` ${JSON.stringify(others)}`}`;
}
