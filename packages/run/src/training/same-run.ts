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

/** The run as the caller would go on with it, for comparison with the run that was begun. */
export interface RunNow {
  readonly command: string;
  /** The command's table of options. */
  readonly table: readonly OptionInfo[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly dataset: { readonly fingerprint: string };
  /** Undefined before the models have been opened. */
  readonly identity?: RunIdentity | undefined;
}

/**
 * Checks that a run goes on as it was begun: with the same command, options that decide numbers, data and, when `identity` is
 * there, files of models. Checks also that the checkpoint belongs to the run.
 *
 * @throws DpoError `run.changed` with the list of differences; `run.bad-config` when `config.json` of the run is damaged
 */
export async function checkSameRun(
  folder: string,
  { checkpoint, state }: Resumption,
  now: RunNow,
  context: RunContext,
): Promise<void> {
  const then = await readRunConfig(folder);
  const changes = [
    ...(then.command === now.command ? [] : [`the command was ${then.command}, is ${now.command}`]),
    ...changedOptions(then.options, now, then.identity !== undefined),
    ...(then.dataset.fingerprint === now.dataset.fingerprint ? [] : ['the data have other content']),
    ...changedIdentity(then, now, state.best !== undefined, context),
  ];
  if (changes.length > 0)
    throw new DpoError(
      'run.changed',
      `The run in ${folder} cannot be resumed with another configuration: ${changes.join('; ')}.`,
      {
        values: { folder, changed: changes },
        hint: 'Give the configuration that the run began with, or begin a new run in another folder.',
      },
    );
  const stateOptions = state.config as Readonly<Record<string, unknown>> | null | undefined;
  const differences = [
    ...(typeof stateOptions === 'object' && stateOptions !== null
      ? changedOptions(stateOptions, now, state.run !== undefined)
      : []),
    ...(now.identity === undefined || [undefined, runKey({ ...now, identity: now.identity })].includes(state.run)
      ? []
      : ['its data or its models have other content']),
  ];
  if (differences.length > 0)
    throw new DpoError('run.changed', `${checkpoint} is of another run than ${folder}: ${differences.join('; ')}.`, {
      values: { folder, checkpoint, changed: differences },
      hint: 'Name a checkpoint of this run by --resume-from.',
    });
}

function changedOptions(
  then: Readonly<Record<string, unknown>>,
  { options: now, table }: Pick<RunNow, 'options' | 'table'>,
  contentKnown: boolean,
): readonly string[] {
  const byKey = new Map(table.map((option) => [option.key, option]));
  // The run may have been begun by a version without the option.
  const was = (key: string) => JSON.stringify(then[key] ?? byKey.get(key)?.before ?? byKey.get(key)?.default);
  const mayDiffer: Readonly<Record<OnResume, (key: string) => boolean>> = {
    same: () => false,
    free: () => true,
    judge: () => true,
    name: (key) => contentKnown && then[key] !== undefined && now[key] !== undefined,
    // A schedule stretches over the run's length, a constant rate does not.
    length: () => now.schedule === 'constant',
  };
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((key) => was(key) !== JSON.stringify(now[key]) && !mayDiffer[byKey.get(key)?.onResume ?? 'same'](key))
    .map((key) => `${key} was ${was(key)}, is ${JSON.stringify(now[key])}`);
}

function changedIdentity(then: RunConfig, now: RunNow, evaluated: boolean, context: RunContext): string[] {
  if (now.identity === undefined) return [];
  if (then.identity === undefined) {
    context.note(
      'This run was begun by an earlier version, which kept no digests of its models: whether weights, tokenizer and template ' +
        'are still the same is not checked.',
    );
    return [];
  }
  const changes = changedFiles(then.identity.files, now.identity.files);
  // Held-out data decide something only when evaluations are compared with evaluations from before.
  const { patience, loadBest } = now.options;
  if (!evaluated || (patience === undefined && loadBest !== true)) return changes;
  if (then.identity.heldOut !== now.identity.heldOut) changes.push('the held-out data have other content');
  for (const { key } of now.table.filter(({ onResume }) => onResume === 'judge'))
    if (then.options[key] !== now.options[key])
      changes.push(`${key} was ${JSON.stringify(then.options[key])}, is ${JSON.stringify(now.options[key])}`);
  return changes;
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
  const result = configShape.safeParse(value);
  if (result.success) return result.data as unknown as RunConfig;
  const key = result.error.issues[0]?.path.join('.');
  const fault = key ? `"${key}" is missing or wrong` : 'it holds no JSON object';
  throw bad(`is no configuration of a run: ${fault}`, result.error);
}
