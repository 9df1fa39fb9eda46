/** What a caller may do about an error: nothing, try later, or change the call. */
export type Retry = 'never' | 'later' | 'changed';

interface ErrorFacts {
  /** Exit status of the command line: 2 usage, 3 unknown or ambiguous peer, 4 time-out, 5 held or refused, 1 else. */
  readonly exit: 1 | 2 | 3 | 4 | 5;
  readonly retry: Retry;
}

/**
 * Every error that cahoots raises on purpose. The code is stable and is what callers match on; the text may change.
 */
export const ERROR_CATALOGUE = {
  usage: { exit: 2, retry: 'changed' },
  'content-empty': { exit: 2, retry: 'changed' },
  'content-not-text': { exit: 2, retry: 'changed' },
  'content-too-large': { exit: 5, retry: 'changed' },
  'setting-invalid': { exit: 2, retry: 'changed' },
  'name-invalid': { exit: 2, retry: 'changed' },
  'name-taken': { exit: 2, retry: 'changed' },
  'peer-unknown': { exit: 3, retry: 'changed' },
  'peer-ambiguous': { exit: 3, retry: 'changed' },
  'peer-is-self': { exit: 3, retry: 'changed' },
  'seat-unknown': { exit: 3, retry: 'changed' },
  'seat-held': { exit: 1, retry: 'changed' },
  'seat-missing': { exit: 1, retry: 'changed' },
  'message-unknown': { exit: 1, retry: 'changed' },
  'message-not-answerable': { exit: 1, retry: 'never' },
  'message-not-held': { exit: 1, retry: 'never' },
  'wait-timeout': { exit: 4, retry: 'later' },
  'message-held': { exit: 5, retry: 'later' },
  'message-refused': { exit: 5, retry: 'never' },
  'message-expired': { exit: 5, retry: 'changed' },
  'root-unusable': { exit: 1, retry: 'changed' },
  'root-not-ours': { exit: 1, retry: 'never' },
  'root-link': { exit: 1, retry: 'never' },
  'storage-full': { exit: 1, retry: 'later' },
  'database-newer': { exit: 1, retry: 'changed' },
  'storage-failed': { exit: 1, retry: 'later' },
  'host-missing': { exit: 1, retry: 'changed' },
  'host-command-failed': { exit: 1, retry: 'later' },
  'folder-missing': { exit: 2, retry: 'changed' },
  'conversation-unknown': { exit: 3, retry: 'changed' },
  'session-unknown': { exit: 3, retry: 'changed' },
  'session-over': { exit: 1, retry: 'changed' },
  'preset-not-allowed': { exit: 5, retry: 'changed' },
  'conversation-live': { exit: 5, retry: 'changed' },
  'revive-unconfirmed': { exit: 5, retry: 'changed' },
  'session-state': { exit: 1, retry: 'changed' },
  'command-unknown': { exit: 2, retry: 'changed' },
  'command-denied': { exit: 5, retry: 'changed' },
  'prompt-unknown': { exit: 3, retry: 'changed' },
  'route-unknown': { exit: 2, retry: 'changed' },
  'queue-full': { exit: 5, retry: 'later' },
  'daemon-unreachable': { exit: 1, retry: 'later' },
  'daemon-failed': { exit: 1, retry: 'later' },
  'daemon-version': { exit: 1, retry: 'later' },
  'daemon-busy': { exit: 5, retry: 'later' },
  'agent-missing': { exit: 1, retry: 'changed' },
  'agent-start-failed': { exit: 1, retry: 'changed' },
  'agent-busy': { exit: 5, retry: 'later' },
  'agent-ended': { exit: 1, retry: 'changed' },
  'node-too-old': { exit: 1, retry: 'changed' },
  cancelled: { exit: 1, retry: 'changed' },
  closed: { exit: 1, retry: 'later' },
  internal: { exit: 1, retry: 'never' },
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface ErrorDetails {
  /** What the person or model can do now, as a sentence. */
  readonly remedy: string;
  /** Machine-readable facts: the offending value, candidates, sizes, the last known state. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class of cahoots: a stable code, what happened with the value that caused it, and what to do.
 *
 * `message` holds cause and remedy together, so that it can be shown as it is.
 */
export class CahootsError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, what: string, details: ErrorDetails) {
    super(`${what} ${details.remedy}`.trim(), details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'CahootsError';
    this.code = code;
    this.remedy = details.remedy;
    this.facts = details.facts ?? {};
  }

  get exitStatus(): number {
    return ERROR_CATALOGUE[this.code].exit;
  }

  get retry(): Retry {
    return ERROR_CATALOGUE[this.code].retry;
  }

  /** The shape in which an error crosses a pipe or socket. */
  toJSON(): ErrorReport {
    return {
      code: this.code,
      message: this.message,
      remedy: this.remedy,
      retry: this.retry,
      facts: this.facts,
    };
  }
}

export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly retry: Retry;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The error itself when it is ours, else an `internal` one that keeps it as its cause. */
export function asCahootsError(error: unknown): CahootsError {
  if (error instanceof CahootsError) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new CahootsError('internal', `Something failed that should not: ${what}.`, {
    remedy: 'Please report it with the command that you ran.',
    cause: error,
  });
}
