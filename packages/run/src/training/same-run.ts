import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { z } from 'zod';
import type { RunContext } from '../context.js';
import type { OnResume } from '../options/option.js';
import type { OptionInfo } from '../options/schema.js';
import type { Resumption } from './resumption.js';
import type { RunConfig } from './run-folder.js';
import { changedFiles, type RunIdentity, runKey } from './run-identity.js';

/** What a run and its continuation must have in common. */
export interface RunNow {
  readonly command: string;
  /** The command's options as their table has them. */
  readonly table: readonly OptionInfo[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly dataset: { readonly fingerprint: string };
  /** Known only once the models are there. */
  readonly identity?: RunIdentity | undefined;
}

/**
 * Checks that a resumed run is the one that was begun: its command, the options that decide its numbers, its data and, where
 * they are known by now, the files of its models; and that the checkpoint is of that run.
 *
 * @throws DpoError `run.changed` with the list of what differs; `run.bad-config` when `config.json` of the run is damaged
 */
export async function checkSameRun(
  folder: string,
  { checkpoint, state }: Resumption,
  now: RunNow,
  context: RunContext,
): Promise<void> {
  const then = await readRunConfig(folder);
  const changed = [
    ...(then.command === now.command ? [] : [`the command was ${then.command}, is ${now.command}`]),
    ...changedOptions(then.options, now, then.identity !== undefined),
    ...(then.dataset.fingerprint === now.dataset.fingerprint ? [] : ['the data have other content']),
    ...changedIdentity(then, now, state.best !== undefined, context),
  ];
  if (changed.length > 0)
    throw new DpoError(
      'run.changed',
      `The run in ${folder} cannot be resumed with another configuration: ${changed.join('; ')}.`,
      {
        values: { folder, changed },
        hint: 'Give what it was begun with, or begin a new run in another folder.',
      },
    );
  const own = state.config as Readonly<Record<string, unknown>> | null | undefined;
  const other = [
    ...(typeof own === 'object' && own !== null ? changedOptions(own, now, state.run !== undefined) : []),
    ...(now.identity === undefined || [undefined, runKey({ ...now, identity: now.identity })].includes(state.run)
      ? []
      : ['its data or its models have other content']),
  ];
  if (other.length > 0)
    throw new DpoError('run.changed', `${checkpoint} is of another run than ${folder}: ${other.join('; ')}.`, {
      values: { folder, checkpoint, changed: other },
      hint: 'Name a checkpoint of this run by --resume-from.',
    });
}

function changedOptions(
  then: Readonly<Record<string, unknown>>,
  { options: now, table }: Pick<RunNow, 'options' | 'table'>,
  contentKnown: boolean,
): readonly string[] {
  const known = new Map(table.map((option) => [option.key, option]));
  // An option that an earlier version did not have was as its default is, or as that version did without the option.
  const was = (key: string) => JSON.stringify(then[key] ?? known.get(key)?.before ?? known.get(key)?.default);
  const may: Readonly<Record<OnResume, (key: string) => boolean>> = {
    same: () => false,
    free: () => true,
    judge: () => true,
    name: (key) => contentKnown && then[key] !== undefined && now[key] !== undefined,
    // With a constant rate a run may be made longer or shorter.
    length: () => now.schedule === 'constant',
  };
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((key) => was(key) !== JSON.stringify(now[key]) && !may[known.get(key)?.onResume ?? 'same'](key))
    .map((key) => `${key} was ${was(key)}, is ${JSON.stringify(now[key])}`);
}

function changedIdentity(then: RunConfig, now: RunNow, evaluated: boolean, context: RunContext): string[] {
  if (now.identity === undefined) return [];
  if (then.identity === undefined) {
    context.note(
      'This run was begun by an earlier version, which kept no digests of its models: that weights, tokenizer and template ' +
        'are still the same is not checked.',
    );
    return [];
  }
  const changed = changedFiles(then.identity.files, now.identity.files);
  // Held-out data only decide something where evaluations are compared with those from before.
  const { patience, loadBest } = now.options;
  if (!evaluated || (patience === undefined && loadBest !== true)) return changed;
  if (then.identity.heldOut !== now.identity.heldOut) changed.push('the held-out data have other content');
  for (const { key } of now.table.filter(({ onResume }) => onResume === 'judge'))
    if (then.options[key] !== now.options[key])
      changed.push(`${key} was ${JSON.stringify(then.options[key])}, is ${JSON.stringify(now.options[key])}`);
  return changed;
}

const configShape = z.looseObject({
  command: z.string(),
  options: z.record(z.string(), z.unknown()),
  dataset: z.looseObject({ fingerprint: z.string() }),
  identity: z
    .object({
      files: z.record(z.string(), z.record(z.string(), z.string())),
      heldOut: z.string().optional(),
    })
    .optional(),
});

async function readRunConfig(folder: string): Promise<RunConfig> {
  const path = join(folder, 'config.json');
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const bad = (what: string, cause?: unknown) =>
    new DpoError('run.bad-config', `${path} ${what}.`, {
      values: { path },
      hint: 'Restore the file, or begin a new run in another folder.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad('is not valid JSON', cause);
  }
  const read = configShape.safeParse(value);
  if (read.success) return read.data as unknown as RunConfig;
  const key = read.error.issues[0]?.path.join('.') || 'object';
  throw bad(`is no configuration of a run: it has no sound "${key}"`, read.error);
}
