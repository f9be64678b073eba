import { mean } from '../method.js';
import type { StepRecord } from '../step-record.js';
import type { TrainingWarning } from '../warnings.js';

/** Options of {@link watchOnPolicy}. */
export interface WatchOnPolicyOptions {
  /** Steps that a warning looks back on. Default 10. */
  readonly window?: number | undefined;
}

type Code = TrainingWarning['code'];
type Numbers = Readonly<Record<string, number | undefined>>;

/** The mean of a number over the first half of the window and over the second half; NaN when no record has the number. */
type Halves = (name: string) => readonly [before: number, now: number];

interface Check {
  readonly code: Code;
  readonly hint: string;
  /** The warning's sentence; undefined when nothing is wrong. `first` is the record of the first step. */
  readonly says: (of: Halves, first: Numbers) => string | undefined;
}

/** Nats an answer above which a KL divergence that grows is running away. */
const FAR = 50;
const checks: readonly Check[] = [
  {
    code: 'kl-running-away',
    hint: 'Raise β, lower the learning rate, or steer β by a target of the KL divergence.',
    says: (of) => {
      const [before, now] = of('objective/kl');
      return now > FAR && now > 1.1 * before
        ? `The policy is moving away from the reference: ${Math.round(now)} nats an answer, ${Math.round(before)} some steps ago.`
        : undefined;
    },
  },
  {
    code: 'entropy-collapsing',
    hint: 'Raise β, lower the learning rate, or stop at an earlier checkpoint: look at the samples first.',
    says: (of, first) => {
      const [before, now] = of('entropy');
      return now < 0.3 * (first.entropy ?? Number.NaN) && now < before
        ? `The policy writes almost the same again and again: its entropy is ${now.toFixed(2)} nats a token, ${first.entropy?.toFixed(2)} at the start.`
        : undefined;
    },
  },
  {
    code: 'length-exploding',
    hint: 'Have answers without an end cost something, or see whether the reward likes length.',
    says: (of, first) => {
      const [before, now] = of('completions/mean_length');
      const start = first['completions/mean_length'] ?? Number.NaN;
      return now > 1.5 * start && now > before
        ? `Answers are getting longer: ${Math.round(now)} tokens, ${Math.round(start)} at the start.`
        : undefined;
    },
  },
  {
    code: 'groups-dead',
    hint: 'Draw more samples to a prompt, leave out prompts that are too easy or too hard, or use a finer reward.',
    says: (of) => {
      const share = mean(of('frac_reward_zero_std'));
      return share > 0.8
        ? `In ${Math.round(100 * share)} % of prompts all samples have the same reward, so that nothing can be learnt from them.`
        : undefined;
    },
  },
  {
    code: 'value-not-learning',
    hint: 'Raise the weight of the value loss or the learning rate, or use rloo, which needs no values.',
    says: (of) => {
      const [, now] = of('value/explained_variance');
      return now < 0 ? 'The value head predicts returns worse than their mean would.' : undefined;
    },
  },
  {
    code: 'ratios-skipped',
    hint: 'Lower the learning rate, or go through a batch fewer times.',
    says: (of) => {
      const share = mean(of('ratio/skipped'));
      return share > 0
        ? `${Math.round(100 * share)} % of updates were left out, as the policy had gone too far from the one that drew their answers.`
        : undefined;
    },
  },
];

/**
 * Watches the records of an on-policy run: call the function with each record in turn. Each warning comes once a run.
 *
 * | code | when, within the window |
 * |---|---|
 * | `kl-running-away` | KL(π ‖ π_ref) is above 50 nats an answer and grows by a tenth |
 * | `entropy-collapsing` | the entropy is below three tenths of the first step's entropy, and falls |
 * | `length-exploding` | answers are one and a half times as long as in the first step, and get longer |
 * | `groups-dead` | in four fifths of prompts all samples have the same reward |
 * | `value-not-learning` | the value head predicts returns worse than their mean would |
 * | `ratios-skipped` | an update was left out because of its ratios |
 */
export function watchOnPolicy({ window = 10 }: WatchOnPolicyOptions = {}): (record: StepRecord) => TrainingWarning[] {
  const recent: Numbers[] = [];
  const warnedCodes = new Set<Code>();
  let first: Numbers | undefined;
  return (record) => {
    const numbers = record as unknown as Numbers;
    first ??= numbers;
    recent.push(numbers);
    if (recent.length > window) recent.shift();
    if (recent.length < window) return [];
    const half = window >> 1;
    const of: Halves = (name) => {
      const part = (from: number, to: number) => mean(recent.slice(from, to).flatMap((each) => each[name] ?? []));
      return [part(0, half), part(half, window)];
    };
    return checks.flatMap(({ code, hint, says }) => {
      const message = warnedCodes.has(code) ? undefined : says(of, first as Numbers);
      if (message === undefined) return [];
      warnedCodes.add(code);
      return [{ code, step: record.step, message, hint }];
    });
  };
}
