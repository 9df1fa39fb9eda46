import type { InstallContext } from '../install-context.ts';
import { type Check, failWith } from './check.ts';
import { checkMail } from './check-mail.ts';
import { checkPrograms } from './check-programs.ts';
import { checkRoot } from './check-root.ts';
import { checkSessions } from './check-sessions.ts';
import { repair } from './repair.ts';

/** What doctor found. */
export interface Diagnosis {
  readonly checks: readonly Check[];
  /** False when a check failed; warnings leave it true. */
  readonly ok: boolean;
  /** What was repaired before the checks, as sentences. */
  readonly fixed: readonly string[];
}

/**
 * Looks at everything that mail between sessions needs on this machine. Changes nothing that stays, unless `fix` is set:
 * see {@link repair}. Never throws for what it finds; what keeps it from looking is a failed check.
 */
export async function diagnose(context: InstallContext, { fix }: { fix: boolean }): Promise<Diagnosis> {
  const checks: Check[] = [];
  const fixed: string[] = [];
  const guarded = async (
    id: string,
    look: () => Promise<readonly Check[]> | readonly Check[],
  ): Promise<void> => {
    try {
      checks.push(...(await look()));
    } catch (error) {
      checks.push(failWith(id, error));
    }
  };
  if (fix) {
    await guarded('fix', () => {
      fixed.push(...repair(context));
      return [];
    });
  }
  await guarded('claude', async () => await checkPrograms(context));
  await guarded('root', async () => await checkRoot(context));
  const stateOf = (id: string): Check['state'] | undefined => checks.find((check) => check.id === id)?.state;
  // Without these lines there is no root, or it is not this user's.
  if (stateOf('storage') !== undefined) await guarded('mail', () => checkMail(context));
  if (stateOf('storage') === 'ok' || stateOf('storage') === 'warn')
    await guarded('sessions', async () => await checkSessions(context));
  return { checks, ok: checks.every(({ state }) => state !== 'fail'), fixed };
}
