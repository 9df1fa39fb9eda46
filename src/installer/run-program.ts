import { execFile } from 'node:child_process';
import { errnoOf } from '../lib/errno.ts';

/** How a program ended and what it wrote. */
export interface ProgramResult {
  /** The exit status; undefined when it was not started or was ended by a signal. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no exit status. */
  readonly failure: string | undefined;
}

export interface ProgramCall {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Runs a program without input to its end, or kills it when the time is up. Never rejects: see `failure`. */
export async function runProgram(call: ProgramCall): Promise<ProgramResult> {
  const { file, args, env, cwd, timeoutMs, signal } = call;
  // npm's wrappers on Windows are scripts of its shell.
  const isScript = process.platform === 'win32' && /\.(cmd|bat)$/i.test(file);
  const { promise, resolve } = Promise.withResolvers<ProgramResult>();
  const child = execFile(
    isScript ? `"${file}"` : file,
    isScript ? args.map((arg) => `"${arg}"`) : [...args],
    {
      env: { ...env },
      cwd,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
      encoding: 'utf8',
      shell: isScript,
      ...(signal === undefined ? {} : { signal }),
    },
    (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
      const failure = error === null || status !== undefined ? undefined : reasonOf(error, timeoutMs);
      resolve({ status, stdout, stderr, failure });
    },
  );
  child.stdin?.end();
  return await promise;
}

function reasonOf(error: Error & { killed?: boolean; signal?: string }, timeoutMs: number): string {
  const errno = errnoOf(error);
  if (errno === 'ENOENT') return 'there is no such program';
  if (errno === 'EACCES') return 'it may not be run';
  if (errno === 'ABORT_ERR') return 'it was given up';
  if (error.killed === true) return `it did not end within ${timeoutMs / 1000} s`;
  return error.signal === undefined ? error.message : `it was ended by ${error.signal}`;
}
