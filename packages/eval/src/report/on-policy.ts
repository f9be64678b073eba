import type { MetricsRecord } from './data.js';

/** Whether a run trained on its own answers: its records have the divergence of each batch of them. */
export function isOnPolicy(records: readonly MetricsRecord[]): boolean {
  return records.some((record) => 'objective/kl' in record);
}
