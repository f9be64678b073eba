import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere, readTextFile } from '@dpo/base/files';
import { type NamedPlace, realPlace } from './named-place.js';

/**
 * What an input's value names on this machine. Values may list several (`a.jsonl,b.jsonl`), give each a weight (`a.jsonl=2`) or
 * a split (`folder:test`), or be a pattern (`shards/*.jsonl`), which stands for its folder. Names of the hub name nothing here.
 */
export async function inputsOf(given: Omit<NamedPlace, 'real'>): Promise<NamedPlace[]> {
  const parts = [given.path, ...given.path.split(',')].map((part) => part.trim()).filter((part) => part !== '');
  const paths = parts.flatMap((part) => [part, part.replace(/=[^=]*$/, ''), part.replace(/:[^:/\\]*$/, '')]);
  const found: NamedPlace[] = [];
  for (const path of new Set(paths)) {
    // A file that has a star in its name is that file alone.
    const place = (await isThere(path)) ? path : folderOfPattern(path);
    if (place !== undefined && (await isThere(place)))
      found.push({ ...given, path: place, real: await realPlace(place) });
  }
  const bases = given.role === 'input-model' ? await Promise.all(found.map((model) => baseOf(model))) : [];
  const read = [...found, ...bases.flatMap((base) => base ?? [])];
  const linked = await Promise.all(
    read.map((input) => linkedFiles(input, input.role === 'input-model' ? 1 : DATA_DEPTH)),
  );
  return [...read, ...linked.flat()];
}

/** How deep data files lie below a dataset's folder. A model's files lie in its folder itself. */
const DATA_DEPTH = 3;

/** The files that links in a folder lead to: the hub's cache and collections of shards consist of such links. */
async function linkedFiles(folder: NamedPlace, depth: number): Promise<NamedPlace[]> {
  // A file, or a folder that cannot be listed, holds no links that are read.
  const entries = await readdir(folder.path, { withFileTypes: true }).catch(() => []);
  const found: NamedPlace[] = [];
  for (const entry of entries) {
    const path = join(folder.path, entry.name);
    if (entry.isDirectory() && depth > 1) found.push(...(await linkedFiles({ ...folder, path }, depth - 1)));
    if (!entry.isSymbolicLink() || !(await stat(path).catch(() => undefined))?.isFile()) continue;
    found.push({ ...folder, path, role: 'input', real: await realPlace(path) });
  }
  return found;
}

/** The base that an adapter's folder names: it is read as well. */
async function baseOf({ path, label }: NamedPlace): Promise<NamedPlace | undefined> {
  try {
    const config = JSON.parse(await readTextFile(join(path, 'adapter_config.json'))) as Record<string, unknown>;
    const base = config.base_model_name_or_path;
    if (typeof base !== 'string' || !(await isThere(base))) return undefined;
    return { label: `the base of ${label}`, role: 'input-model', path: base, real: await realPlace(base) };
  } catch {
    // No adapter, or one that is told of when it is opened.
    return undefined;
  }
}

function folderOfPattern(path: string): string | undefined {
  const wild = path.search(/[*?[{]/);
  return wild < 0 ? undefined : dirname(`${path.slice(0, wild)}x`);
}
