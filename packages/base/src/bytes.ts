// Bytes that are read by position, wherever they come from. Loads without Node.
export { type BlobLike, blobFile } from './bytes/blob-file.js';
export { blobFolder } from './bytes/blob-folder.js';
export { type ByteFile, filePieces } from './bytes/byte-file.js';
export type { ByteFolder } from './bytes/byte-folder.js';
export { DISGUISE_START, type Disguise, disguiseOf } from './files/disguise.js';
