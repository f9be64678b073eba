import type { StepRecord } from './trainer.js';

/** A warning that something in a run is going wrong, and what to try. A run gets each code once. */
export interface TrainingWarning {
  /** The kind of warning; the functions that watch list when each is given. */
  readonly code:
    | 'chosen-falling'
    | 'not-learning'
    | 'rewards-stuck'
    | 'kl-running-away'
    | 'length-exploit'
    | 'gradient-not-finite'
    | 'entropy-collapsing'
    | 'length-exploding'
    | 'groups-dead'
    | 'value-not-learning'
    | 'ratios-skipped'
    | 'no-kl-penalty'
    | 'answers-truncated'
    | 'answers-never-end'
    | 'pairs-identical'
    | 'rows-repeated'
    | 'rows-contradictory'
    | 'one-label'
    | 'prompts-shared'
    | 'reference-incomplete';
  /** The step after which the warning is given; 0 before the first step. */
  readonly step: number;
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** What to try. */
  readonly hint: string;
}

/** How {@link watchTraining} watches a run. */
export interface WatchOptions {
  /** Steps at the start whose records are not judged. Default 0. */
  readonly warmupSteps?: number | undefined;
  /** Steps that a judgement rests on. Default 20. */
  readonly window?: number | undefined;
  /** β, when rewards are β (log π − log π_ref). Without β there is no warning of the KL divergence. Default: none. */
  readonly beta?: number | undefined;
  /** The file that holds the rows of a skipped step; the warning names the file. Default: none. */
  readonly batchFile?: ((step: number) => string) | undefined;
}

/**
 * Watches a run's records for what usually goes wrong with preference training. Call the returned function with each record in
 * turn; it returns the new warnings.
 *
 * | code | when, over the window |
 * |---|---|
 * | `chosen-falling` | the chosen answers' mean reward is below −0.5 and half the rejected ones' or more |
 * | `not-learning` | accuracies are between 0.45 and 0.55 on average |
 * | `rewards-stuck` | no mean reward is further from 0 than 1e-4 |
 * | `kl-running-away` | −(r_w + r_l) / 2β, which estimates KL(π_ref ‖ π) on answers of the reference's kind, is above 50 nats and grows by a tenth |
 * | `length-exploit` | margins follow the answers' lengths (`rewards/length_correlation` above 0.5 on average), no less than before |
 * | `gradient-not-finite` | at once, at a step that was skipped |
 */
export function watchTraining({
  warmupSteps = 0,
  window = 20,
  beta,
  batchFile,
}: WatchOptions = {}): (record: StepRecord) => TrainingWarning[] {
  const recent: StepRecord[] = [];
  const earlier = new Set<string>();
  return (record) => {
    if (record.skipped) return newOnes(earlier, [gradientWarning(record, batchFile?.(record.step))]);
    if (record.step <= warmupSteps || record['rewards/chosen'] === undefined) return [];
    recent.push(record);
    if (recent.length > window) recent.shift();
    return recent.length < window ? [] : newOnes(earlier, judge(record.step, recent, beta));
  };
}

/** The warnings whose codes have not come before; adds their codes. */
function newOnes(earlier: Set<string>, warnings: readonly TrainingWarning[]): TrainingWarning[] {
  const fresh = warnings.filter(({ code }) => !earlier.has(code));
  for (const { code } of fresh) earlier.add(code);
  return fresh;
}

type Mean = 'rewards/chosen' | 'rewards/rejected' | 'rewards/accuracies' | 'rewards/length_correlation';

/** The mean of a number over the records that have the number; NaN when none has. */
function meanOf(records: readonly StepRecord[], key: Mean): number {
  const values = records.flatMap((record) => record[key] ?? []);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function judge(step: number, recent: readonly StepRecord[], beta: number | undefined): TrainingWarning[] {
  const mean = (key: Mean) => meanOf(recent, key);
  const [chosen, rejected, accuracy] = [mean('rewards/chosen'), mean('rewards/rejected'), mean('rewards/accuracies')];
  const largest = Math.max(
    ...recent.map((record) =>
      Math.max(Math.abs(record['rewards/chosen'] ?? 0), Math.abs(record['rewards/rejected'] ?? 0)),
    ),
  );
  if (largest < 1e-4)
    return [
      {
        code: 'rewards-stuck',
        step,
        message: `After ${step} steps the rewards are still 0: the policy has not moved from the reference.`,
        hint: 'Raise the learning rate, and check that the adapter is on and the reference is not the model in training.',
      },
    ];
  const warnings: TrainingWarning[] = [];
  if (accuracy > 0.45 && accuracy < 0.55)
    warnings.push({
      code: 'not-learning',
      step,
      message: `After ${step} steps the chosen answer has the higher reward in only ${percent(accuracy)} of pairs.`,
      hint: 'Raise the learning rate or the batch size, and check that chosen and rejected differ and are the right way round.',
    });
  if (chosen < -0.5 && chosen <= 0.5 * rejected)
    warnings.push({
      code: 'chosen-falling',
      step,
      message: `The chosen answers are becoming less likely together with the rejected ones (rewards ${chosen.toFixed(2)} and ${rejected.toFixed(2)}).`,
      hint: 'Some fall is usual. To stop it, fine-tune on the chosen answers first, raise β, or use the method rpo or dpop.',
    });
  return [...warnings, ...drift(step, recent, beta)];
}

/** From so many nats an answer on, the policy is far from the reference. */
const FAR = 50;
/** From this growth over the window on, the distance is still growing. */
const GROWTH = 1.1;

/** The warnings that follow from comparing the window's halves. */
function drift(step: number, recent: readonly StepRecord[], beta: number | undefined): TrainingWarning[] {
  const halves = [recent.slice(0, recent.length >> 1), recent.slice(recent.length >> 1)] as const;
  const [klBefore, kl] = halves.map(
    (half) => -(meanOf(half, 'rewards/chosen') + meanOf(half, 'rewards/rejected')) / (2 * (beta ?? Number.NaN)),
  ) as [number, number];
  const [linkBefore, link] = halves.map((half) => meanOf(half, 'rewards/length_correlation')) as [number, number];
  const warnings: TrainingWarning[] = [];
  if (kl > FAR && kl > GROWTH * klBefore)
    warnings.push({
      code: 'kl-running-away',
      step,
      message: `The policy is moving away from the reference: about ${Math.round(kl)} nats an answer, ${Math.round(klBefore)} some steps ago.`,
      hint: 'Raise β, lower the learning rate, or stop at an earlier checkpoint.',
    });
  if ((link + linkBefore) / 2 > EXPLOIT && link >= linkBefore)
    warnings.push({
      code: 'length-exploit',
      step,
      message: `Reward margins follow the answers' lengths (correlation ${link.toFixed(2)}): the policy may be learning to write more.`,
      hint: 'Balance the lengths of chosen and rejected answers, or use a loss per token (simpo, ipo, dpo-norm).',
    });
  return warnings;
}

/** A correlation of margins with lengths that is no accident: over twenty steps of eight pairs it is six standard deviations. */
const EXPLOIT = 0.5;

function gradientWarning({ step, rows = [] }: StepRecord, file?: string): TrainingWarning {
  const rowList =
    rows.length === 0
      ? ''
      : ` It trained on rows ${rows.slice(0, LISTED_ROWS).join(', ')}${rows.length > LISTED_ROWS ? ', …' : ''}.`;
  return {
    code: 'gradient-not-finite',
    step,
    message: `The gradient of step ${step} was not finite; the step was skipped.${rowList}${file === undefined ? '' : ` They are kept in ${file}.`}`,
    hint: 'Look at these rows (counted from 0). If it happens again, lower the learning rate or train in float32.',
  };
}

/** The number of rows that a message names; the record has all. */
const LISTED_ROWS = 16;

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
