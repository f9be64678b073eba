import type { Frontier } from '../../frontier/frontier.js';

/** What the page of a frontier is made from. */
export interface FrontierReport {
  readonly frontier: Frontier;
  /** The recipe, as JSON has it. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** The held-out prompts, by their numbers. */
  readonly prompts: readonly string[];
  /** Whether all runs of the recipe are there. */
  readonly complete: boolean;
}
