import { z } from 'zod';
import type { PlaceRole } from '../places/role.js';

/**
 * How an option of a resumed run may differ from the option that the run began with:
 *
 * - `same`: not at all, since numbers depend on the option
 * - `free`: in any way, since no number depends on the option
 * - `name`: when the new value names the same content, which digests show
 * - `length`: when the learning rate is constant
 * - `judge`: as long as no earlier evaluation is compared with later ones
 */
export type OnResume = 'same' | 'free' | 'name' | 'length' | 'judge';

/** A condition that must hold, or must not hold, when an option is given. */
export interface Condition {
  /** Keys of options, of which at least one must be given, or, with `is`, must have one of the values in `is`. */
  readonly any: readonly string[];
  /** Values of the options in `any`. */
  readonly is?: readonly unknown[];
  /** The error's message: `{key}` is replaced by the option's name as the caller writes it, `{=key}` by the option's value. */
  readonly says: string;
}

/** The facts about an option besides its schema, its default and its description. */
export interface OptionFacts {
  /** Default `same`. */
  readonly onResume?: OnResume;
  /** The value that stands for what versions without the option did. Default: the option's default. */
  readonly before?: unknown;
  /** Conditions that must all hold when the option is given. */
  readonly needs?: readonly Condition[];
  /** Conditions of which none may hold when the option is given. */
  readonly excludes?: readonly Condition[];
  /** Whether the option's value stands on the model card. Default true. */
  readonly onCard?: boolean;
  /** Whether each worker of a run may have a value of its own. Default: true when the option names a place. */
  readonly ofWorker?: boolean;
  /** The role of the place that the option names. Default: the option names no place. */
  readonly place?: PlaceRole;
}

/** An option of a run in one place: its schema with the default, what the option does when it is given or on, and the facts about it. */
export function option<Schema extends z.ZodType>(schema: Schema, description: string, facts: OptionFacts = {}): Schema {
  return schema.meta({ description, ...facts });
}

/** The schema of an option that names a place. */
export function place(role: PlaceRole): z.ZodString {
  return z.string().meta({ place: role } satisfies OptionFacts);
}
