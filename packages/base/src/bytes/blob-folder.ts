import { DpoError } from '../error.js';
import { type BlobLike, blobFile } from './blob-file.js';
import type { ByteFolder } from './byte-folder.js';

/**
 * A folder of files that a browser's user chose, or that a page fetched.
 *
 * @param path the folder's name, for errors
 * @param files the files by their paths within the folder: `config.json`, `additional_chat_templates/tool_use.jinja`
 */
export function blobFolder(path: string, files: ReadonlyMap<string, BlobLike>): ByteFolder {
  const pathOf = (name: string) => `${path}/${name}`;
  return {
    path,
    pathOf,
    async names(within) {
      const start = within === undefined ? '' : `${within}/`;
      const below = [...files.keys()].filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
      return [...new Set(below.map((name) => name.split('/', 1)[0] as string))];
    },
    has: async (name) => files.has(name) || [...files.keys()].some((file) => file.startsWith(`${name}/`)),
    async open(name) {
      const blob = files.get(name);
      if (blob !== undefined) return blobFile(pathOf(name), blob);
      throw new DpoError('file.not-found', `${pathOf(name)} does not exist.`, { values: { path: pathOf(name) } });
    },
    async text(name) {
      const blob = files.get(name);
      if (blob === undefined) return undefined;
      const bytes = await blobFile(pathOf(name), blob).read(0, blob.size);
      // A mark of the byte order stays in the text, as it does in Node.
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    },
  };
}
