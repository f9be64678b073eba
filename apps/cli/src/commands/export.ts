import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { writeFolderAtomic } from '@dpo/base/files';
import { openEngine } from '@dpo/engine';
import { mergeAdapter, saveModel } from '@dpo/models';
import { engineOptions, engineSettings, openModel, place } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';

/** `dpo export`: a model as a Hugging Face folder of its own, adapters merged, in a chosen dtype. */
export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a model as a Hugging Face folder: merges adapters, converts GGUF and dtypes',
  options: z.strictObject({
    model: place('input-model').describe('A folder, a GGUF file, a PEFT folder, or org/name of the hub'),
    output: place('output-model').describe('The folder to write'),
    dtype: z.enum(['float32', 'bfloat16']).default('float32').describe('How weights are stored'),
    maxShardGb: z.number().positive().default(5).describe('Largest file of weights, in gigabytes (10⁹ bytes)'),
    overwrite: z.boolean().default(false).describe('Replaces a model that was exported there'),
    config: place('input').optional().describe('A JSON file of these options'),
    ...engineOptions,
  }),
  details: 'Example: dpo export --model runs/first/final --output merged --dtype bfloat16',
  run: async (options, context) => {
    const stats = await stat(options.output).catch(() => undefined);
    if (stats !== undefined && !options.overwrite)
      throw new DpoError('export.exists', `${options.output} is there already.`, {
        values: { output: options.output },
        hint: 'Choose another --output, or replace it by --overwrite.',
      });
    const engine = await openEngine(engineSettings(options, context));
    try {
      const { model, source } = await openModel(engine, options.model, context);
      const hasAdapter = model.adapter !== undefined;
      const whole = await mergeAdapter(model);
      context.signal.throwIfAborted();
      context.progress(`Writing ${options.output} …`);
      const maxShardBytes = options.maxShardGb * 1e9;
      await writeFolderAtomic(options.output, 'model', (folder) =>
        saveModel(whole, folder, { source, dtype: options.dtype, maxShardBytes }),
      );
      context.note(`Wrote ${options.dtype} weights${hasAdapter ? ', the adapter merged into its base' : ''}.`);
      context.out(resolve(options.output));
      return 0;
    } finally {
      await engine.dispose();
    }
  },
});
