import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { PlaceRole } from './role.js';

/** A place that an option names. */
export interface NamedPlace {
  /** How the user wrote it: `--output`, `INPUT`. */
  readonly label: string;
  readonly role: PlaceRole;
  /** The path as the user wrote it. */
  readonly path: string;
  /** The absolute path, links followed. */
  readonly real: string;
}

/** The absolute path with all links followed, also of a path where nothing is yet. */
export async function realPlace(path: string): Promise<string> {
  const absolute = resolve(path);
  const realPath = await realpath(absolute).catch(() => undefined);
  if (realPath !== undefined || dirname(absolute) === absolute) return realPath ?? absolute;
  return join(await realPlace(dirname(absolute)), basename(absolute));
}

/** Whether a path lies below a folder. */
export function isInside(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
