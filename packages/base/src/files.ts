export { asFileError } from './file-error.js';
export { flushFile, placeOf, writeFileAtomic, writeFolderAtomic } from './files/atomic.js';
export { type ByteFile, openByteFile } from './files/byte-file.js';
export { type FileDigest, fileDigest } from './files/digest.js';
export {
  adoptUnfinished,
  leftoverName,
  removeLeftovers,
  removeUnfinished,
  watchUnfinished,
} from './files/leftovers.js';
export { type FolderLock, lockFolder } from './files/lock.js';
export { makeFolder } from './files/make-folder.js';
export { type FolderKind, isEmptyFolder, readMark, removeOwn, writeMark } from './files/mark.js';
export { ownTag, type ProcessTag, stateOf, tagPattern } from './files/process-tag.js';
export { proveWritable } from './files/prove-writable.js';
export { checkEnds, readTextFile, readTextIfThere } from './files/read-text-file.js';
