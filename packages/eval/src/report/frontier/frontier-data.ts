import type { Frontier } from '../../frontier/frontier.js';

/** The content of a frontier's page. */
export interface FrontierReport {
  readonly frontier: Frontier;
  /** The recipe as JSON values. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** The held-out prompts: `FrontierSample.prompt` is a place in this list. */
  readonly prompts: readonly string[];
  /** Whether all runs of all seeds are finished. */
  readonly complete: boolean;
}
