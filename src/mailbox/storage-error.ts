import { errnoOf } from '../lib/errno.ts';
import { CahootsError, type ErrorCode } from '../protocol/errors.ts';

const BY_ERRNO: Readonly<Record<string, { code: ErrorCode; why: string; remedy: string }>> = {
  ENOSPC: {
    code: 'storage-full',
    why: 'the disk is full',
    remedy: 'Free some space and run it again; nothing was lost.',
  },
  EDQUOT: {
    code: 'storage-full',
    why: 'your disk quota is used up',
    remedy: 'Free some space and run it again; nothing was lost.',
  },
  EACCES: {
    code: 'root-unusable',
    why: 'permission is denied',
    remedy: 'Check its owner and modes (cahoots doctor), or set BRIDGE_DIR to a folder that you can write.',
  },
  EPERM: {
    code: 'root-unusable',
    why: 'the operation is not permitted',
    remedy: 'Check its owner and modes (cahoots doctor), or set BRIDGE_DIR to a folder that you can write.',
  },
  EROFS: {
    code: 'root-unusable',
    why: 'the file system is read-only',
    remedy: 'Set BRIDGE_DIR to a folder that you can write.',
  },
  ENOTDIR: {
    code: 'root-unusable',
    why: 'a part of the path is a file',
    remedy: 'Move that file away, or set BRIDGE_DIR to another folder.',
  },
  ENOENT: {
    code: 'root-unusable',
    why: 'a folder of it is gone, or a link leads nowhere',
    remedy: 'Run it again, which makes missing folders anew, or set BRIDGE_DIR to another folder.',
  },
  ELOOP: {
    code: 'root-link',
    why: 'a link is where a file of cahoots should be',
    remedy: 'Somebody put it there: look at it and remove it.',
  },
  ENXIO: {
    code: 'root-unusable',
    why: 'a pipe or device is where a file of cahoots should be',
    remedy: 'Somebody put it there: look at it and remove it.',
  },
  EEXIST: {
    code: 'root-unusable',
    why: 'something else is in its place',
    remedy: 'Move it away, or set BRIDGE_DIR to another folder.',
  },
};

/** Runs file operations; what the system throws becomes an error of ours that begins with `what`. */
export function storing<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw storageError(error, what);
  }
}

/** Turns what a file operation threw into an error of ours that says what failed, why, and what to do. */
export function storageError(error: unknown, what: string): CahootsError {
  if (error instanceof CahootsError) return error;
  const errno = errnoOf(error);
  const known = errno === undefined ? undefined : BY_ERRNO[errno];
  const why = known?.why ?? (error instanceof Error ? error.message : String(error));
  return new CahootsError(known?.code ?? 'storage-failed', `${what}: ${why}.`, {
    remedy: known?.remedy ?? 'Run it again; if it fails again, cahoots doctor looks at the mailbox root.',
    facts: { errno },
    cause: error,
  });
}
