import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DpoError } from '@dpo/base';
import { isThere, lockFolder, placeOf, proveWritable, readMark, removeLeftovers, writeMark } from '@dpo/base/files';
import { fileKind } from '@dpo/data';
import type { z } from 'zod';
import { optionsOf } from '../options/schema.js';
import { USAGE } from '../usage.js';
import { checkApart, type Output } from './check-apart.js';
import { inputsOf } from './inputs.js';
import { isInside, type NamedPlace, realPlace } from './named-place.js';
import { mayHoldRun, runIn } from './own-run.js';

/** A command as far as its outputs are guarded. */
export interface Guarded {
  readonly name: string;
  /** The command's options. An option that names a place has the place's role in its schema. */
  readonly options: z.ZodObject;
  /** Keys of options that are given by their place, not by their name. */
  readonly positional?: readonly string[];
}

/** Outputs that belong to one command until it ends. */
export interface HeldOutputs {
  /** Unlocks the run folders, and removes the mark of a folder that stayed empty. */
  release(): Promise<void>;
}

/**
 * Guards the outputs of a command, before the command runs and before anything is opened. No name may be empty. The places must
 * be of the right kind, hold nothing but files of ours, lie apart from the inputs, and be writable. Leftovers of commands that
 * were killed are removed. A run folder is locked until the command ends.
 *
 * @throws DpoError `cli.usage` for names, `file.…` and `run.…` for places. Nothing is written before an error
 */
export async function holdOutputs(command: Guarded, options: Readonly<Record<string, unknown>>): Promise<HeldOutputs> {
  const places = namedPlaces(command, options);
  const outputPlaces = places.filter(({ role }) => role.startsWith('output-') || role === 'into-run');
  if (outputPlaces.length === 0) return { release: async () => undefined };
  for (const { label, path } of outputPlaces) if (path.trim() === '') throw emptyName(label);
  const outputs: Output[] = [];
  for (const place of outputPlaces) outputs.push(...(await checkedOutputs(place)));
  const inputPlaces = places.filter(({ role }) => role.startsWith('input'));
  for (const output of outputs) if (output.isFolder) await checkAround(output);
  await checkApart(outputs, (await Promise.all(inputPlaces.map(inputsOf))).flat());
  for (const { role, real } of outputs) await proveWritable(role === 'output-run' ? real : dirname(real));
  const runs = outputPlaces.filter(({ role }) => role === 'output-run' || role === 'into-run');
  const locks: HeldOutputs[] = [];
  for (const { path } of runs) locks.push(await holdRun(await realPlace(path), command.name));
  return {
    release: async () => {
      for (const lock of locks) await lock.release();
    },
  };
}

/** Files that evaluations and reports write into a run's folder. */
const RESULTS = [
  ...['evaluation.json', 'report.html', 'report.csv', 'report-pairs.csv'],
  ...['comparison.html', 'comparison.csv'],
];

function namedPlaces(command: Guarded, options: Readonly<Record<string, unknown>>): Omit<NamedPlace, 'real'>[] {
  return optionsOf(command.options).flatMap(({ key, flag, place: role }) => {
    const path = options[key];
    if (role === undefined || typeof path !== 'string') return [];
    return [{ label: command.positional?.includes(key) ? key.toUpperCase() : `--${flag}`, role, path }];
  });
}

/** The files and folders that an option's value stands for, after the check that each may be written. */
async function checkedOutputs(place: Omit<NamedPlace, 'real'>): Promise<Output[]> {
  const { path, role } = place;
  const real = await realPlace(path);
  // A folder that was being replaced may have to return to its place first.
  await removeLeftovers(dirname(real));
  const output = async (target: string, isFolder: boolean): Promise<Output> => ({
    ...place,
    real: await realPlace(target),
    isFolder,
  });
  if (role === 'into-run') {
    await checkRun(place, real);
    const files = RESULTS.map((name) => join(path, name));
    return Promise.all(files.map(async (file) => output(await placeOf(file, 'file'), false)));
  }
  if (role === 'output-run') {
    await checkRun(place, real);
    // A place that cannot be replaced is an error before the training, not after it.
    await placeOf(join(path, 'final'), 'model');
    return [await output(path, true)];
  }
  const isFile = role === 'output-file' || (role === 'output-dataset' && fileKind(path) !== 'folder');
  if (isFile) return [await output(await placeOf(path, 'file'), false)];
  if (isCurrent(real)) throw currentFolder(place);
  return [await output(await placeOf(path, role === 'output-model' ? 'model' : 'dataset'), true)];
}

async function checkRun(place: Omit<NamedPlace, 'real'>, real: string): Promise<void> {
  const { path, label, role } = place;
  const stats = await stat(real).catch(() => undefined);
  if (stats !== undefined && !stats.isDirectory())
    throw new DpoError('run.not-a-folder', `${path} is a file; ${label} must be a folder.`, {
      values: { folder: path },
    });
  // Throws when the path is a link that leads nowhere.
  if (stats === undefined) await placeOf(path, 'run');
  if (isCurrent(real) && (await runIn(real)) === undefined) throw currentFolder(place);
  // Verdicts may come from other programs. Only reports are replaced in their folder.
  if (role === 'into-run' && (await isThere(join(real, 'verdicts.jsonl')))) return;
  if (await mayHoldRun(real, stats !== undefined)) return;
  throw new DpoError('run.not-ours', `${path} holds other files than those of a run of dpo, and stays as it is.`, {
    values: { folder: path },
    hint: `Choose a new or an empty folder for ${label}, or empty this one yourself.`,
  });
}

/** No folder is made inside a model, a checkpoint or a dataset of ours: the new folder would become part of it. */
async function checkAround({ label, path, real }: Output): Promise<void> {
  for (let above = dirname(real); above !== dirname(above); above = dirname(above)) {
    const kind = (await readMark(above))?.kind;
    if (kind === undefined || kind === 'run') continue;
    throw new DpoError('file.inside-ours', `${label} ${path} would lie in ${above}, which is a ${kind} of dpo.`, {
      values: { path, above, kind },
      hint: 'Choose a folder beside that one.',
    });
  }
}

/** Locks a run folder and marks the folder as a run. A new mark is removed with the lock when the folder stayed empty. */
async function holdRun(folder: string, command: string): Promise<HeldOutputs> {
  const lock = await lockFolder(folder, `dpo ${command}`);
  const mark = { kind: 'run', files: [] } as const;
  const isNew = (await readMark(folder)) === undefined;
  try {
    if (isNew) await writeMark(folder, { ...mark, command: (await runIn(folder)) ?? command });
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    release: async () => {
      const names = await readdir(folder).catch(() => []);
      if (isNew && names.every((name) => name.startsWith('.dpo.')))
        await rm(join(folder, '.dpo.json'), { force: true });
      await lock.release();
    },
  };
}

/** Whether a path is the current folder or a folder above it. Neither can be replaced. */
function isCurrent(real: string): boolean {
  return real === resolve('.') || isInside(resolve('.'), real);
}

function emptyName(label: string): DpoError {
  return new DpoError(USAGE, `${label} is an empty name.`, {
    hint: 'Name a place to write to. A variable of the shell that is not set gives an empty name.',
  });
}

function currentFolder({ label, path }: Omit<NamedPlace, 'real'>): DpoError {
  return new DpoError(USAGE, `${label} ${path} is the current folder or a folder above it, which is never replaced.`, {
    values: { path },
    hint: 'Name a folder of its own, such as runs/first.',
  });
}
