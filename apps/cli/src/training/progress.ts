import type { RunRecord, SinkOrOpener } from '@dpo/run';
import { duration, short } from '@dpo/run/command-line';
import type { Context } from '../command/define.js';

/** Progress and warnings of a training on a terminal. */
export function progressSink({ note, progress }: Pick<Context, 'note' | 'progress'>): SinkOrOpener {
  return ({ steps }) => {
    const start = performance.now();
    let count = 0;
    return {
      record: (record) => {
        const perStep = (performance.now() - start) / 1000 / ++count;
        progress(progressLine(record, steps, perStep));
      },
      warning: ({ message, hint }) => note(`Warning: ${message} ${hint}`),
    };
  };
}

/** The progress line of a training: step, loss, margin, accuracy, pairs a second and the time that remains. */
function progressLine(record: RunRecord, steps: number, secondsPerStep: number): string {
  const parts = [`step ${String(record.step).padStart(String(steps).length)}/${steps}`, `loss ${short(record.loss)}`];
  if (record['rewards/margins'] !== undefined) parts.push(`margin ${short(record['rewards/margins'])}`);
  if (record['rewards/accuracies'] !== undefined) parts.push(`accuracy ${record['rewards/accuracies'].toFixed(2)}`);
  if (record.reward !== undefined) parts.push(`reward ${short(record.reward)}`, `KL ${short(record['objective/kl'])}`);
  if (record.eval_kl !== undefined) parts.push(`KL ${short(record.eval_kl)} ± ${short(record.eval_kl_error ?? 0)}`);
  const unit = record['objective/kl'] === undefined ? 'pairs' : 'prompts';
  parts.push(`${short(record.pairs_per_second)} ${unit}/s`, `ETA ${duration(secondsPerStep * (steps - record.step))}`);
  return parts.join('  ');
}
