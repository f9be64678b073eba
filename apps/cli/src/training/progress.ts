import type { StepRecord } from '@dpo/core';
import { duration, short } from '../ui/format.js';

/** The live line of a training run: step, loss, margin, accuracy, pairs/s and the time left. */
export function progressLine(
  record: StepRecord & { readonly eval_kl?: number; readonly eval_kl_error?: number },
  steps: number,
  secondsPerStep: number,
): string {
  const parts = [`step ${String(record.step).padStart(String(steps).length)}/${steps}`, `loss ${short(record.loss)}`];
  if (record['rewards/margins'] !== undefined) parts.push(`margin ${short(record['rewards/margins'])}`);
  if (record['rewards/accuracies'] !== undefined) parts.push(`accuracy ${record['rewards/accuracies'].toFixed(2)}`);
  if (record.eval_kl !== undefined) parts.push(`KL ${short(record.eval_kl)} ± ${short(record.eval_kl_error ?? 0)}`);
  parts.push(`${short(record.pairs_per_second)} pairs/s`, `ETA ${duration(secondsPerStep * (steps - record.step))}`);
  return parts.join('  ');
}
