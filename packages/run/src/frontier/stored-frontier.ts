import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere, readTextFile, writeFileAtomic } from '@dpo/base/files';
import type { ResolvedRecipe } from './recipe.js';

const NAME = 'recipe.json';

/** What decides a frontier's numbers: its recipe, and what its model and its reward are read from, by SHA-256. */
export interface StoredFrontier {
  readonly recipe: ResolvedRecipe;
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Stores the recipe of a frontier that begins, or checks that the frontier that is there was made by the same one.
 *
 * @returns whether there was one
 * @throws DpoError `frontier.changed` with the list of what differs; `frontier.bad-recipe` for a damaged file
 */
export async function claimFrontier(folder: string, now: StoredFrontier): Promise<boolean> {
  const path = join(folder, NAME);
  if (!(await isThere(path))) {
    await writeJson(path, now);
    return false;
  }
  const then = await readJson(path);
  const changed = differences(withoutName(then), withoutName(JSON.parse(JSON.stringify(now))), '');
  if (changed.length === 0) return true;
  throw new DpoError(
    'frontier.changed',
    `The frontier in ${folder} cannot be gone on with by another recipe: ${changed.join('; ')}.`,
    {
      values: { folder, changed },
      hint: 'Give what it was begun with, or choose another folder with --output.',
    },
  );
}

/** Whatever the model is called, its files tell it. */
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

/** Where two JSON values differ, a place to a line: `recipe.runs.0.options.beta was 0.1, is 0.2`. */
export function differences(then: unknown, now: unknown, at: string): string[] {
  if (isObject(then) && isObject(now)) {
    const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])];
    return keys.flatMap((key) => differences(then[key], now[key], at === '' ? key : `${at}.${key}`));
  }
  if (JSON.stringify(then) === JSON.stringify(now)) return [];
  return [`${at} was ${shown(then)}, is ${shown(now)}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  if (value === undefined) return 'left out';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Writes a value as JSON, whole or not at all. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, `${JSON.stringify(value, null, 2)}\n`));
}
