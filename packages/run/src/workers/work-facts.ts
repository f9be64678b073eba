import type { Engine } from '@dpo/engine';
import type { OptionInfo } from '../options/schema.js';
import { version } from '../training/version.js';

/**
 * The facts that must be equal on all workers of any command, by their names in errors: the command, its options but those that each
 * worker may have of its own, and what computes.
 */
export function workFacts(
  command: string,
  table: readonly OptionInfo[],
  options: Readonly<Record<string, unknown>>,
  { precision }: Pick<Engine, 'precision'>,
): Record<string, unknown> {
  return {
    ...Object.fromEntries(table.filter(({ ofWorker }) => !ofWorker).map(({ key }) => [key, options[key]])),
    ...{ command, 'the version of dpo': version, precision },
  };
}
