import { CahootsError } from '../../protocol/errors.ts';

/** How something stands: `warn` works less well than it could, `fail` does not work. */
export type CheckState = 'ok' | 'warn' | 'fail';

/** One thing that doctor looked at. */
export interface Check {
  /** Stable, for programs: `node`, `claude`, `plugin`, …, `session:<seat id>`. */
  readonly id: string;
  readonly state: CheckState;
  /** What was found, as a sentence without a full stop. */
  readonly what: string;
  /** What to do about it; null when nothing is to be done. */
  readonly remedy: string | null;
}

export function ok(id: string, what: string): Check {
  return { id, state: 'ok', what, remedy: null };
}

export function warn(id: string, what: string, remedy: string): Check {
  return { id, state: 'warn', what, remedy };
}

export function fail(id: string, what: string, remedy: string): Check {
  return { id, state: 'fail', what, remedy };
}

/** The failed check for what an error kept from being checked. */
export function failWith(id: string, error: unknown): Check {
  if (!(error instanceof CahootsError)) {
    return fail(
      id,
      `this could not be checked: ${String(error)}`,
      'Please report it with the output of: cahoots doctor --json',
    );
  }
  const what = error.message.slice(0, error.message.length - error.remedy.length).trim();
  return fail(id, what.replace(/\.$/, ''), error.remedy);
}

/** `1 message`, `3 messages`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The first few of a list, and how many more there are. */
export function someOf(items: readonly string[], shown = 4): string {
  const rest = items.length - shown;
  return `${items.slice(0, shown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
