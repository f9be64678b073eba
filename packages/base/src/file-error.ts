import { DpoError } from './error.js';

/** The code of the error, what is wrong with the path, and what to do. */
type Meaning = readonly [code: string, what: string, hint: string];

const permissionHint = 'Choose another place or change its permissions.';
const wrongName: Meaning = ['file.bad-name', 'has a name that the file system does not take', 'Choose another name.'];
const busy: Meaning = [
  'file.busy',
  'is in use by another program',
  'End that program, or run the command again later.',
];
const tooManyOpen: Meaning = [
  'file.too-many-open',
  'cannot be opened: too many files are open already',
  'Close other programs, or raise the limit (ulimit -n).',
];
const failing: Meaning = [
  'file.device-error',
  'cannot be read or written: its device reports an error',
  'Check the disk, or use another one.',
];
const unreachable: Meaning = [
  'file.unreachable',
  'cannot be reached: the drive that it is on does not answer',
  'Check the network drive, or use another place.',
];
const unsupported: Meaning = [
  'file.unsupported',
  'is on a file system that refuses this operation',
  'Choose a place on another file system.',
];
const tooLarge: Meaning = [
  'file.too-large',
  'is larger than can be read or written here',
  'Split it, or raise the limit (ulimit -f).',
];

/** The meanings of the system's error codes for a user who named a path. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: ['file.not-found', 'does not exist', 'Check the path.'],
  EACCES: ['file.no-access', 'cannot be accessed: permission denied', permissionHint],
  EPERM: ['file.no-access', 'cannot be accessed: operation not permitted', permissionHint],
  EROFS: ['file.no-access', 'cannot be written: the file system is read-only', 'Choose another place.'],
  ENOSPC: ['file.disk-full', 'cannot be written: the disk is full', 'Free some space and run the command again.'],
  EDQUOT: ['file.disk-full', 'cannot be written: the quota is used up', 'Free some space and run the command again.'],
  ENOTDIR: ['file.not-a-folder', 'has a file where a folder is needed', 'Check the path.'],
  EISDIR: ['file.not-a-file', 'is a folder where a file is needed', 'Check the path.'],
  EEXIST: ['file.exists', 'exists already', 'Choose another place or remove it.'],
  ENOTEMPTY: ['file.exists', 'is a folder that is not empty', 'Choose another place or remove it.'],
  ENAMETOOLONG: ['file.bad-name', 'has a name that is too long', 'Choose a shorter name.'],
  ELOOP: ['file.bad-link', 'is a link that leads back to itself', 'Mend or remove the link.'],
  EXDEV: ['file.other-disk', 'cannot be moved there: the place is on another disk', 'Choose a place on the same disk.'],
  EINVAL: wrongName,
  EILSEQ: wrongName,
  ERR_INVALID_ARG_VALUE: wrongName,
  EMFILE: tooManyOpen,
  ENFILE: tooManyOpen,
  EBUSY: busy,
  ETXTBSY: busy,
  EAGAIN: busy,
  EDEADLK: busy,
  ENOLCK: busy,
  EIO: failing,
  ENXIO: failing,
  ENODEV: failing,
  EREMOTEIO: failing,
  ESTALE: unreachable,
  ETIMEDOUT: unreachable,
  EHOSTDOWN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTCONN: unreachable,
  ECONNRESET: unreachable,
  ECONNABORTED: unreachable,
  ENOTSUP: unsupported,
  EOPNOTSUPP: unsupported,
  ENOSYS: unsupported,
  EFBIG: tooLarge,
  EOVERFLOW: tooLarge,
  ERR_FS_FILE_TOO_LARGE: tooLarge,
  ERR_STRING_TOO_LONG: tooLarge,
};

/**
 * A file-system error as a {@link DpoError} that names the path: `file.not-found`, `file.no-access`, `file.disk-full`,
 * `file.bad-name`, … Other codes of the system become `file.failed`, with the system's message. An error that is not the system's
 * is returned unchanged.
 */
export function asFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || DpoError.is(error)) return error;
  const system = String(error.code);
  const meaning = meanings[system] ?? (/^(E(?!RR_)[A-Z0-9]+|UNKNOWN)$/.test(system) ? otherFailure(error) : undefined);
  if (meaning === undefined) return error;
  const [code, what, hint] = meaning;
  return new DpoError(code, `${path} ${what}.`, { values: { path, system }, hint, cause: error });
}

function otherFailure({ message }: Error): Meaning {
  return ['file.failed', `cannot be used: the system says "${message}"`, 'Check the path and its disk.'];
}
