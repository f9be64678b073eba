import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere, readTextFile, writeFileAtomic } from '@dpo/base/files';
import type { ResolvedRecipe } from './recipe.js';

const FILE_NAME = 'recipe.json';

/** What decides a frontier's numbers, as `recipe.json` keeps it. */
export interface StoredFrontier {
  readonly recipe: ResolvedRecipe;
  /** SHA-256 of each file of the model and of the reward. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Stores the recipe of a new frontier, or checks that the frontier in the folder was begun with the same recipe and the same files.
 * The model's name may differ, since the digests say whether the model is the same.
 *
 * @returns whether the folder has a frontier already
 * @throws {DpoError} `frontier.changed` with the list of what differs; `frontier.bad-recipe` when the stored recipe is damaged; what
 *   reading and writing the file throws
 */
export async function claimFrontier(folder: string, current: StoredFrontier): Promise<boolean> {
  const path = join(folder, FILE_NAME);
  if (!(await isThere(path))) {
    await writeJson(path, current);
    return false;
  }
  const earlier = await readJson(path);
  const changes = differences(withoutName(earlier), withoutName(JSON.parse(JSON.stringify(current))), '');
  if (changes.length === 0) return true;
  throw new DpoError(
    'frontier.changed',
    `The frontier in ${folder} was begun with another recipe: ${changes.join('; ')}.`,
    {
      values: { folder, changed: changes },
      hint: 'Give the recipe, model and reward that the frontier was begun with, or choose another folder with --output.',
    },
  );
}

/** A stored frontier without the model's name. */
function withoutName(frontier: unknown): unknown {
  if (!isObject(frontier) || !isObject(frontier.recipe)) return frontier;
  return { ...frontier, recipe: { ...frontier.recipe, model: undefined } };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new DpoError('frontier.bad-recipe', `${path} is not valid JSON.`, {
      values: { path },
      hint: 'Restore the file, or choose another folder with --output.',
      cause,
    });
  }
}

/**
 * The differences between two JSON values, an entry to each: `recipe.runs.0.options.beta was 0.1, is 0.2`.
 *
 * @param path the keys that lead to the two values, joined by dots; empty for whole values
 */
export function differences(earlier: unknown, current: unknown, path: string): string[] {
  if (isObject(earlier) && isObject(current)) {
    const keys = [...new Set([...Object.keys(earlier), ...Object.keys(current)])];
    return keys.flatMap((key) => differences(earlier[key], current[key], path === '' ? key : `${path}.${key}`));
  }
  if (JSON.stringify(earlier) === JSON.stringify(current)) return [];
  return [`${path} was ${shortText(earlier)}, is ${shortText(current)}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shortText(value: unknown): string {
  if (value === undefined) return 'left out';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/**
 * Writes a value as JSON, whole or not at all.
 *
 * @throws what writing the file throws
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, `${JSON.stringify(value, null, 2)}\n`));
}
