import { z } from 'zod';
import type { PlaceRole } from '../places/role.js';

/**
 * How an option of a resumed run may differ from what the run was begun with:
 *
 * - `same`: not at all, since numbers depend on the option
 * - `free`: as one likes, since the option decides nothing that is computed
 * - `name`: where it names the same content, which digests tell
 * - `length`: where the learning rate is constant
 * - `judge`: as long as no evaluation of before is compared with later ones
 */
export type OnResume = 'same' | 'free' | 'name' | 'length' | 'judge';

/** Something that must be so, or not be so, where an option is given. */
export interface Condition {
  /** Options of which at least one is given, or, where there is `is`, has one of these values. */
  readonly any: readonly string[];
  readonly is?: readonly unknown[];
  /** The error's message: `{key}` is replaced by the option's name as the caller writes it, `{=key}` by the option's value. */
  readonly says: string;
}

/** What is known of an option besides its schema, its default and its description. */
export interface OptionFacts {
  /** Default `same`. */
  readonly onResume?: OnResume;
  /** What earlier versions did before they had the option, where that is not the default. */
  readonly before?: unknown;
  /** What the option cannot do without. */
  readonly needs?: readonly Condition[];
  /** What the option does not go with. */
  readonly excludes?: readonly Condition[];
  /** Whether the option's value stands on the model card. Default true. */
  readonly onCard?: boolean;
  /** Whether the workers of a run may each have their own. Default: they may where the option names a place. */
  readonly ofWorker?: boolean;
  /** What the option names, where it names a place. */
  readonly place?: PlaceRole;
}

/** An option of a run, all of it in one place: its schema with the default, what it does where it is given or on, and the rest. */
export function option<Schema extends z.ZodType>(schema: Schema, description: string, facts: OptionFacts = {}): Schema {
  return schema.meta({ description, ...facts });
}

/** The schema of an option that names a place. */
export function place(role: PlaceRole): z.ZodString {
  return z.string().meta({ place: role } satisfies OptionFacts);
}
