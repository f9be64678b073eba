import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere, readTextFile } from '@dpo/base/files';
import { type NamedPlace, realPlace } from './named-place.js';

/**
 * The files and folders on this machine that the value of an input names. A value may list several names (`a.jsonl,b.jsonl`),
 * each with a weight (`a.jsonl=2`) or a split (`folder:test`), or be a pattern (`shards/*.jsonl`), which stands for its folder.
 * Names of the hub are left out.
 */
export async function inputsOf(input: Omit<NamedPlace, 'real'>): Promise<NamedPlace[]> {
  const parts = [input.path, ...input.path.split(',')].map((part) => part.trim()).filter((part) => part !== '');
  const paths = parts.flatMap((part) => [part, part.replace(/=[^=]*$/, ''), part.replace(/:[^:/\\]*$/, '')]);
  const places: NamedPlace[] = [];
  for (const path of new Set(paths)) {
    // An existing file with a star in its name is no pattern.
    const place = (await isThere(path)) ? path : folderOfPattern(path);
    if (place !== undefined && (await isThere(place)))
      places.push({ ...input, path: place, real: await realPlace(place) });
  }
  const bases = input.role === 'input-model' ? await Promise.all(places.map((model) => baseOf(model))) : [];
  const inputs = [...places, ...bases.flatMap((base) => base ?? [])];
  const targets = await Promise.all(
    inputs.map((place) => linkedFiles(place, place.role === 'input-model' ? 1 : DATA_DEPTH)),
  );
  return [...inputs, ...targets.flat()];
}

/** How many levels below a dataset's folder data files may lie. A model's files lie directly in its folder. */
const DATA_DEPTH = 3;

/** The files behind the links in a folder: the hub's cache and collections of shards consist of links. */
async function linkedFiles(folder: NamedPlace, depth: number): Promise<NamedPlace[]> {
  // A file, and a folder that cannot be listed, have no links to follow.
  const entries = await readdir(folder.path, { withFileTypes: true }).catch(() => []);
  const files: NamedPlace[] = [];
  for (const entry of entries) {
    const path = join(folder.path, entry.name);
    if (entry.isDirectory() && depth > 1) files.push(...(await linkedFiles({ ...folder, path }, depth - 1)));
    if (!entry.isSymbolicLink() || !(await stat(path).catch(() => undefined))?.isFile()) continue;
    files.push({ ...folder, path, role: 'input', real: await realPlace(path) });
  }
  return files;
}

/** The base that an adapter's folder names, which is read as well. */
async function baseOf({ path, label }: NamedPlace): Promise<NamedPlace | undefined> {
  try {
    const config = JSON.parse(await readTextFile(join(path, 'adapter_config.json'))) as Record<string, unknown>;
    const base = config.base_model_name_or_path;
    if (typeof base !== 'string' || !(await isThere(base))) return undefined;
    return { label: `the base of ${label}`, role: 'input-model', path: base, real: await realPlace(base) };
  } catch {
    // The folder holds no adapter, or a damaged one: opening the model throws then.
    return undefined;
  }
}

function folderOfPattern(path: string): string | undefined {
  const wild = path.search(/[*?[{]/);
  return wild < 0 ? undefined : dirname(`${path.slice(0, wild)}x`);
}
