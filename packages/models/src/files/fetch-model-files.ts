import { DpoError, isObject, parseJsonObject } from '@dpo/base';
import { textFiles } from './text-file-names.js';

/** How a model is fetched. */
export interface FetchModelOptions {
  /** Called with the file that is being fetched, and the bytes of all files so far. */
  readonly onProgress?: ((name: string, bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/**
 * Fetches the files of a model's folder, or one GGUF file, from an address by `fetch`, for `blobFolder`. A folder has no list of
 * its files there: the files are asked for by the names that model folders have. An address of weights or of a `config.json`
 * stands for their folder.
 *
 * @throws {DpoError} `model.fetch-failed` for an address that does not answer, for other answers than 200 and 404, and for a missing
 * `config.json` or `model.safetensors`.
 */
export async function fetchModelFiles(
  address: string | URL,
  { onProgress, signal }: FetchModelOptions = {},
): Promise<Map<string, Blob>> {
  const files = new Map<string, Blob>();
  let bytes = 0;
  const get = async (url: URL, name: string): Promise<Blob | undefined> => {
    const blob = await fetchBlob(url, signal, (count) => onProgress?.(name, bytes + count));
    if (blob === undefined) return undefined;
    bytes += blob.size;
    files.set(name, blob);
    return blob;
  };
  const url = new URL(address);
  const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  if (name.toLowerCase().endsWith('.gguf')) {
    if ((await get(url, name)) === undefined) throw notThere(url);
    return files;
  }
  const folder = folderOf(url, name);
  const at = (file: string) => {
    const result = new URL(folder);
    result.pathname += encodeURIComponent(file);
    return result;
  };
  if ((await get(at('config.json'), 'config.json')) === undefined) throw notThere(at('config.json'));
  for (const file of textFiles) await get(at(file), file);
  if ((await get(at(WEIGHTS), WEIGHTS)) !== undefined) return files;
  const index = await get(at(INDEX), INDEX);
  if (index === undefined) throw notThere(at(WEIGHTS));
  for (const shard of shardsOf(await index.text(), at(INDEX)))
    if ((await get(at(shard), shard)) === undefined) throw notThere(at(shard));
  return files;
}

/** The folder, whose path ends in a slash. */
function folderOf(address: URL, name: string): URL {
  const folder = new URL(address);
  if (name === 'config.json' || name.endsWith('.safetensors') || name === INDEX)
    folder.pathname = folder.pathname.slice(0, folder.pathname.lastIndexOf('/') + 1);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return folder;
}

function shardsOf(index: string, address: URL): string[] {
  const map = parseJsonObject(index, address.href).weight_map;
  const names = isObject(map) ? Object.values(map).filter((name): name is string => typeof name === 'string') : [];
  return [...new Set(names)].sort();
}

/** The body of an answer; undefined when there is no such file. */
async function fetchBlob(
  url: URL,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<Blob | undefined> {
  try {
    const response = await fetch(url, { signal: signal ?? null, credentials: 'omit' });
    if (response.status === 404) {
      // A body that nobody reads would keep its connection, of which browsers open few.
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) throw failed(url, `the answer is ${response.status} ${response.statusText}`.trimEnd());
    const parts: Blob[] = [];
    let bytes = 0;
    // As blobs, which browsers need not hold in memory.
    for (const reader = response.body?.getReader(); reader !== undefined; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(new Blob([value]));
      bytes += value.length;
      onBytes(bytes);
    }
    return new Blob(parts);
  } catch (error) {
    signal?.throwIfAborted();
    if (DpoError.is(error)) throw error;
    throw failed(url, (error as Error).message, error);
  }
}

function notThere(url: URL): DpoError {
  return failed(url, 'there is no such file');
}

function failed(url: URL, reason: string, cause?: unknown): DpoError {
  return new DpoError('model.fetch-failed', `${url.href} cannot be fetched: ${reason}.`, {
    values: { address: url.href, reason },
    hint: 'Give the address under which config.json lies. In a page, the address must allow other origins (CORS) and must not forward to another origin; else download the files and choose them.',
    cause,
  });
}
