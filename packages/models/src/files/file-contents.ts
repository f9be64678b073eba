import { type ByteFolder, filePieces } from '@dpo/base/bytes';
import type { ModelFiles } from './model-files.js';

/** A file of a folder that is to be written or downloaded. */
export interface FileContents {
  /** The path within the folder. */
  readonly name: string;
  /** The file's bytes, piece after piece. A piece may be overwritten when the next piece is asked for. */
  pieces(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** The files that accompany weights: those of the tokenizer and the like. */
export type CompanionFiles = Pick<ModelFiles, 'tokenizerFiles' | 'binaryFiles' | 'folder'>;

/** A file with a text in UTF-8. */
export function textContents(name: string, text: string): FileContents {
  return {
    name,
    async *pieces() {
      yield new TextEncoder().encode(text);
    },
  };
}

/** The files that accompany weights, byte for byte, and the model card if there is one. */
export function companionContents(source: CompanionFiles | undefined, card: string | undefined): FileContents[] {
  const { tokenizerFiles = {}, binaryFiles = [], folder } = source ?? {};
  const names = binaryFiles.map((path) => path.split(/[\\/]/).at(-1) as string);
  return [
    ...Object.entries(tokenizerFiles).map(([name, text]) => textContents(name, text)),
    ...(folder === undefined ? [] : names.map((name) => copyContents(folder, name))),
    ...(card === undefined ? [] : [textContents('README.md', card)]),
  ];
}

/** Bytes that are copied at a time. */
const PIECE = 1 << 24;

function copyContents(folder: ByteFolder, name: string): FileContents {
  return {
    name,
    async *pieces() {
      const file = await folder.open(name);
      try {
        yield* filePieces(file, PIECE);
      } finally {
        await file.close();
      }
    },
  };
}
