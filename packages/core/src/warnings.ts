import type { StepRecord } from './trainer.js';

/** Something that a run's numbers say is going wrong, and what to try. Each kind is said once a run. */
export interface TrainingWarning {
  readonly code: 'chosen-falling' | 'not-learning' | 'rewards-stuck' | 'gradient-not-finite';
  readonly step: number;
  readonly message: string;
  readonly hint: string;
}

export interface WatchOptions {
  /** Steps at the start that say nothing yet. */
  readonly warmupSteps?: number | undefined;
  /** Steps that a judgement is made of. Default 20. */
  readonly window?: number | undefined;
}

/**
 * Watches a run's records for what usually goes wrong with preference training. Call it with each record in turn;
 * it returns what has just become apparent.
 *
 * | code | when, over the window |
 * |---|---|
 * | `chosen-falling` | the chosen answers' mean reward is below −0.5 and half the rejected ones' or more |
 * | `not-learning` | accuracies are between 0.45 and 0.55 on average |
 * | `rewards-stuck` | no mean reward is further from 0 than 1e-4 |
 * | `gradient-not-finite` | at once, at a step that was skipped |
 */
export function watchTraining({
  warmupSteps = 0,
  window = 20,
}: WatchOptions = {}): (record: StepRecord) => TrainingWarning[] {
  const recent: StepRecord[] = [];
  const said = new Set<string>();
  return (record) => {
    if (record.skipped) return once(said, [gradientWarning(record)]);
    if (record.step <= warmupSteps || record['rewards/chosen'] === undefined) return [];
    recent.push(record);
    if (recent.length > window) recent.shift();
    return recent.length < window ? [] : once(said, judge(record.step, recent));
  };
}

function once(said: Set<string>, warnings: readonly TrainingWarning[]): TrainingWarning[] {
  const fresh = warnings.filter(({ code }) => !said.has(code));
  for (const { code } of fresh) said.add(code);
  return fresh;
}

function judge(step: number, recent: readonly StepRecord[]): TrainingWarning[] {
  const mean = (key: 'rewards/chosen' | 'rewards/rejected' | 'rewards/accuracies') =>
    recent.reduce((sum, record) => sum + (record[key] ?? 0), 0) / recent.length;
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
        hint: 'Raise the learning rate, and check that the reference is not the model that is being trained.',
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
  return warnings;
}

function gradientWarning({ step, rows = [] }: StepRecord): TrainingWarning {
  const named =
    rows.length === 0
      ? ''
      : ` It trained on rows ${rows.slice(0, NAMED).join(', ')}${rows.length > NAMED ? ', …' : ''}.`;
  return {
    code: 'gradient-not-finite',
    step,
    message: `The gradient of step ${step} was not finite; the step was skipped.${named}`,
    hint: 'Look at these rows (counted from 0). If it happens again, lower the learning rate or train in float32.',
  };
}

/** Rows that a message names; the record has all. */
const NAMED = 16;

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
