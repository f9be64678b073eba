import { dirname, join, resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere, readTextFile } from '@dpo/base/files';
import type { RunContext } from '../context.js';
import { readPrompts } from '../inputs/read-lines.js';
import { checkOptions } from '../options/check-options.js';
import { type FrontierPreset, frontierPresets } from './presets.js';
import { type FrontierRecipe, type Recipe, type ResolvedRecipe, recipeSchema } from './recipe.js';

/** The source of a recipe, and the model. */
export interface RecipeSource {
  /** A recipe that comes with the program. */
  readonly preset?: FrontierPreset | undefined;
  /** The path of a JSON file, or the recipe itself. Paths in the file are relative to the file's folder. */
  readonly recipe?: string | FrontierRecipe | undefined;
  /** Wins over the recipe's model. */
  readonly model?: string | undefined;
  /** Finds the model when neither `model` nor the recipe names one. */
  readonly defaultModel?: (() => Promise<string>) | undefined;
}

/**
 * Reads a recipe, its model and the texts of its prompts.
 *
 * @throws {DpoError} `frontier.no-recipe` when neither a preset nor a recipe is given, `frontier.bad-recipe` when a file is no recipe,
 *   `frontier.no-model` when no model is named, `frontier.chat-prompt` when a prompt is a conversation; what {@link readPrompts} throws
 */
export async function resolveRecipe(source: RecipeSource, context: RunContext): Promise<ResolvedRecipe> {
  const recipe = await unresolvedRecipe(source);
  const model = source.model ?? recipe.model ?? (await source.defaultModel?.());
  if (model === undefined)
    throw new DpoError('frontier.no-model', 'Neither the recipe nor the option model names a model.', {
      hint: 'Give a model, or write "model" into the recipe.',
    });
  return {
    ...recipe,
    model,
    prompts: await textsOf(recipe.prompts, context),
    heldOutPrompts: await textsOf(recipe.heldOutPrompts, context),
  };
}

async function unresolvedRecipe({ preset, recipe }: RecipeSource): Promise<Recipe> {
  if (typeof recipe === 'string') return readRecipe(recipe);
  const input = recipe ?? (preset === undefined ? undefined : frontierPresets[preset]);
  if (input === undefined)
    throw new DpoError('frontier.no-recipe', 'A frontier needs a recipe.', {
      hint: `Give --preset ${Object.keys(frontierPresets).join(' or ')}, or --recipe FILE.json.`,
    });
  return checkOptions(recipeSchema, input);
}

async function readRecipe(path: string): Promise<Recipe> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const badRecipe = (why: string, cause: unknown) =>
    new DpoError('frontier.bad-recipe', `${path} is no recipe of a frontier: ${why.replace(/\.$/, '')}.`, {
      values: { path },
      hint: 'docs/results-frontier.md describes recipes.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badRecipe(`it is not valid JSON (${(cause as Error).message})`, cause);
  }
  let recipe: Recipe;
  try {
    recipe = checkOptions(recipeSchema, value);
  } catch (cause) {
    throw badRecipe((cause as Error).message, cause);
  }
  const pathOf = (name: string) => resolve(join(dirname(path), name));
  const { reward, prompts, heldOutPrompts } = recipe;
  return {
    ...recipe,
    reward: reward !== 'vader' && (await isThere(pathOf(reward))) ? pathOf(reward) : reward,
    prompts: typeof prompts === 'string' ? pathOf(prompts) : prompts,
    heldOutPrompts: typeof heldOutPrompts === 'string' ? pathOf(heldOutPrompts) : heldOutPrompts,
  };
}

async function textsOf(textsOrPath: string | readonly string[], context: RunContext): Promise<string[]> {
  if (typeof textsOrPath !== 'string') return [...textsOrPath];
  const rows = await readPrompts(textsOrPath, context);
  return rows.map(({ prompt }, row) => {
    if (typeof prompt === 'string') return prompt;
    throw new DpoError(
      'frontier.chat-prompt',
      `Prompt ${row} of ${textsOrPath} is a conversation; a frontier takes texts.`,
      {
        values: { path: textsOrPath, row },
        hint: 'Write each prompt as one text, exactly as the model reads it.',
      },
    );
  });
}
