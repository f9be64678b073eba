import { stat } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { openModelFiles } from '@dpo/models';
import type { RunContext } from '../context.js';
import { checkOpens } from '../inputs/open-model.js';

/** The options that name models. */
export interface NamedModels {
  readonly model: string;
  readonly ref?: string | undefined;
  readonly adapter?: string | undefined;
  readonly loraTargets?: readonly string[] | undefined;
}

/** A check of a model's files: see `checkOpens`. */
export type ModelCheck = typeof checkOpens;

/**
 * Checks the files of the models that are on this machine (`here`) or of the models that the hub has (`hub`). Models of the hub
 * are checked later, when the data are known to be good: the check downloads them.
 *
 * @throws DpoError `lora.not-an-adapter` for an `adapter` that is a model; the errors of `checkOpens`
 */
export async function checkModels(
  options: NamedModels,
  place: 'here' | 'hub',
  context: RunContext,
  check: ModelCheck = checkOpens,
): Promise<void> {
  const { model, ref, loraTargets } = options;
  const isInPlace = async (name: string) => (await isOnHub(name)) === (place === 'hub');
  if (await isInPlace(model)) await check(model, context, { loraTargets });
  if (ref !== undefined && (await isInPlace(ref))) await checkOpens(ref, context);
  if (options.adapter !== undefined && place === 'here') await checkAdapter(options.adapter);
}

/** Whether a name is `org/name` and no path: such a model may have to be downloaded. */
async function isOnHub(name: string): Promise<boolean> {
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
