import { dirname, join, resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere, readTextFile } from '@dpo/base/files';
import type { RunContext } from '../context.js';
import { readPrompts } from '../inputs/read-lines.js';
import { checkOptions } from '../options/check-options.js';
import { type FrontierPreset, frontierPresets } from './presets.js';
import { type FrontierRecipe, type Recipe, type ResolvedRecipe, recipeSchema } from './recipe.js';

/** Where a recipe comes from, and what is given besides. */
export interface RecipeSource {
  readonly preset?: FrontierPreset | undefined;
  /** A JSON file, whose paths are relative to its folder, or the recipe itself. */
  readonly recipe?: string | FrontierRecipe | undefined;
  readonly model?: string | undefined;
  /** Finds the model that a recipe without one starts from. */
  readonly defaultModel?: (() => Promise<string>) | undefined;
}

/**
 * The recipe that a frontier is made by, with its prompts read. `model` goes before the recipe's.
 *
 * @throws DpoError `frontier.bad-recipe` for a file that is no recipe, `frontier.no-model` where no model is named, and what is wrong
 *   with files of prompts
 */
export async function resolveRecipe(source: RecipeSource, context: RunContext): Promise<ResolvedRecipe> {
  const recipe = await givenRecipe(source);
  const model = source.model ?? recipe.model ?? (await source.defaultModel?.());
  if (model === undefined)
    throw new DpoError('frontier.no-model', 'Neither the recipe nor the option model names a model to start from.', {
      hint: 'Give a model, or write "model" into the recipe.',
    });
  return {
    ...recipe,
    model,
    prompts: await textsOf(recipe.prompts, context),
    heldOutPrompts: await textsOf(recipe.heldOutPrompts, context),
  };
}

async function givenRecipe({ preset, recipe }: RecipeSource): Promise<Recipe> {
  if (typeof recipe === 'string') return readRecipe(recipe);
  const given = recipe ?? (preset === undefined ? undefined : frontierPresets[preset]);
  if (given === undefined)
    throw new DpoError('frontier.no-recipe', 'A frontier is made by a recipe.', {
      hint: `Give --preset ${Object.keys(frontierPresets).join(' or ')}, or --recipe FILE.json.`,
    });
  return checkOptions(recipeSchema, given);
}

async function readRecipe(path: string): Promise<Recipe> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const bad = (why: string, cause: unknown) =>
    new DpoError('frontier.bad-recipe', `${path} is no recipe of a frontier: ${why.replace(/\.$/, '')}.`, {
      values: { path },
      hint: 'docs/results-frontier.md describes recipes.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(`it is not valid JSON (${(cause as Error).message})`, cause);
  }
  let recipe: Recipe;
  try {
    recipe = checkOptions(recipeSchema, value);
  } catch (cause) {
    throw bad((cause as Error).message, cause);
  }
  const beside = (name: string) => resolve(join(dirname(path), name));
  const { reward, prompts, heldOutPrompts } = recipe;
  return {
    ...recipe,
    reward: reward !== 'vader' && (await isThere(beside(reward))) ? beside(reward) : reward,
    prompts: typeof prompts === 'string' ? beside(prompts) : prompts,
    heldOutPrompts: typeof heldOutPrompts === 'string' ? beside(heldOutPrompts) : heldOutPrompts,
  };
}

async function textsOf(given: string | readonly string[], context: RunContext): Promise<string[]> {
  if (typeof given !== 'string') return [...given];
  const rows = await readPrompts(given, context);
  return rows.map(({ prompt }, row) => {
    if (typeof prompt === 'string') return prompt;
    throw new DpoError('frontier.chat-prompt', `Prompt ${row} of ${given} is a conversation; a frontier takes texts.`, {
      values: { path: given, row },
      hint: 'Write each prompt as a text, as the model is to read it.',
    });
  });
}
