import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { openModelFiles } from '@dpo/models';
import type { RunContext } from '../context.js';
import { checkOpens } from '../inputs/open-model.js';

/** The options that name models, and parts of them. */
export interface NamedModels {
  readonly model: string;
  readonly ref?: string | undefined;
  readonly adapter?: string | undefined;
  readonly loraTargets?: readonly string[] | undefined;
}

/** How a model that is named can be opened: see `checkOpens`. */
export type ModelCheck = typeof checkOpens;

/** Checks the files of models: those that are here, and, once the data are known to be good, those of the hub. */
export async function checkModels(
  options: NamedModels,
  where: 'here' | 'hub',
  context: RunContext,
  check: ModelCheck = checkOpens,
): Promise<void> {
  const { model, ref, loraTargets } = options;
  const isDue = async (name: string) => (await onHub(name)) === (where === 'hub');
  if (await isDue(model)) await check(model, context, { loraTargets });
  if (ref !== undefined && (await isDue(ref))) await checkOpens(ref, context);
  if (options.adapter !== undefined && where === 'here') await checkAdapter(options.adapter);
}

/** `org/name` that is no path: it may have to be downloaded. */
async function onHub(name: string): Promise<boolean> {
  return /^[\w-][\w.-]*\/[\w.-]+(@.+)?$/.test(name) && (await stat(name).catch(() => undefined)) === undefined;
}

async function checkAdapter(path: string): Promise<void> {
  const files = await openModelFiles(path);
  await files.close();
  if (files.adapter === undefined)
    throw new DpoError('lora.not-an-adapter', `${path} is a model, not an adapter.`, {
      values: { path },
      hint: 'Give it as --model, or give a PEFT folder with adapter_config.json as --adapter.',
    });
}
