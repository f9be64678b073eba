import { DpoError } from '@dpo/base';
import type { ByteFolder } from '@dpo/base/bytes';
import { type Gguf, openGguf } from './gguf.js';
import { badGguf } from './gguf-cursor.js';

/** The names that llama.cpp's gguf-split gives to parts: `NAME-00001-of-00003.gguf`. */
const partName = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i;

/** The first part of a split model; undefined unless all of the GGUF files are parts of one model. */
export function firstPart(names: readonly string[]): string | undefined {
  const parts = names.map((name) => partName.exec(name));
  const [first] = parts;
  if (first === null || first === undefined) return undefined;
  return parts.every((part) => part?.[1] === first[1] && part?.[3] === first[3]) ? [...names].sort()[0] : undefined;
}

/**
 * Opens a GGUF file. When the file is a part of a split model, opens all parts, which must be beside it. The first part has the
 * metadata, and each part has some of the tensors.
 *
 * @throws {DpoError} `model.missing-part`, and the errors of {@link openGguf}.
 */
export async function openWholeGguf(folder: ByteFolder, name: string): Promise<Gguf> {
  const gguf = await openGguf(folder, name);
  const { path } = gguf;
  const count = gguf.metadata.get('split.count');
  if (typeof count !== 'number' || count <= 1) return gguf;
  await gguf.close();
  const parts: Gguf[] = [];
  try {
    for (const part of partNames(name, path, count)) parts.push(await openPart(folder, part, path, count));
    return joinParts(path, parts);
  } catch (error) {
    for (const part of parts) await part.close();
    throw error;
  }
}

function partNames(file: string, path: string, count: number): string[] {
  const [, name, , of, ending] = partName.exec(file) ?? [];
  if (name === undefined || Number(of) !== count)
    throw new DpoError(
      'model.missing-part',
      `${path} is one of ${count} parts of a model, and its name does not lead to the other parts.`,
      {
        values: { path, count },
        hint: `Rename the parts as llama.cpp names them (NAME-00001-of-${String(count).padStart(5, '0')}.gguf), or join them with gguf-split --merge.`,
      },
    );
  return Array.from({ length: count }, (_, i) => `${name}-${String(i + 1).padStart(5, '0')}-of-${of}${ending}`);
}

async function openPart(folder: ByteFolder, part: string, path: string, count: number): Promise<Gguf> {
  try {
    return await openGguf(folder, part);
  } catch (error) {
    if (!DpoError.is(error, 'file.not-found')) throw error;
    throw new DpoError(
      'model.missing-part',
      `${path} is one of ${count} parts of a model, and ${part} is not beside it.`,
      {
        values: { path, count, missing: folder.pathOf(part) },
        hint: 'Download all parts into one folder: any of them then opens the model. Or join them with gguf-split --merge.',
        cause: error,
      },
    );
  }
}

function joinParts(path: string, parts: readonly Gguf[]): Gguf {
  const owners = new Map<string, Gguf>();
  for (const part of parts)
    for (const name of part.tensors.keys()) {
      if (owners.has(name)) throw badGguf(part.path, `another part has the tensor "${name}" too`, { tensor: name });
      owners.set(name, part);
    }
  const first = parts.find(({ metadata }) => metadata.get('split.no') === 0);
  if (first === undefined) throw badGguf(path, 'none of its parts is the first');
  const total = first.metadata.get('split.tensors.count');
  if (typeof total === 'number' && total !== owners.size)
    throw badGguf(path, `its parts hold ${owners.size} tensors together, but the first part announces ${total}`);
  return {
    path,
    metadata: first.metadata,
    tensors: new Map(parts.flatMap(({ tensors }) => [...tensors])),
    read: (name, into) => (owners.get(name) ?? first).read(name, into),
    close: async () => {
      for (const part of parts) await part.close();
    },
  };
}
