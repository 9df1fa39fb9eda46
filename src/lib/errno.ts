/** The system's error code (`ENOENT`, `ENOSPC`, …) of what a file or process call threw, else undefined. */
export function errnoOf(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'syscall' in error && 'code' in error;
  return isSystemError && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Runs a file operation whose subject another process may have removed meanwhile.
 *
 * Returns `fallback` when the file or a folder above it is gone; every other failure is thrown.
 */
export function unlessGone<T>(operation: () => T, fallback: T): T {
  try {
    return operation();
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return fallback;
    throw error;
  }
}
