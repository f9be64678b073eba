import { z } from 'zod';
import { type FrontierPreset, frontierPresets } from '../frontier/presets.js';
import { engineOptions } from './engine-options.js';
import { option, place } from './option.js';

/** The options of `dpo frontier`. The recipe says which runs are trained. */
export const frontierOptions = z.strictObject({
  preset: option(
    z.enum(Object.keys(frontierPresets) as [FrontierPreset]).optional(),
    'A recipe that comes with the program',
    {
      excludes: [{ any: ['recipe'], says: '{preset} and {recipe} both name a recipe: give one of them.' }],
    },
  ),
  recipe: option(place('input').optional(), 'A recipe of your own: a JSON file'),
  output: option(place('output-run'), 'The folder to write; an interrupted frontier in the folder goes on'),
  seeds: option(
    z.array(z.coerce.number().pipe(z.int())).min(1).default([0]),
    'Seeds, such as 0,1,2: all runs are trained for each seed',
  ),
  model: option(
    place('input-model').optional(),
    "The model from which all runs train, and the reference [the recipe's, or SmolLM2-135M-Instruct]",
  ),
  ...engineOptions,
});
