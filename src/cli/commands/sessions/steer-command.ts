import type { ManagedSessionRecord } from '../../../protocol/managed-session.ts';
import type { Call } from '../../command.ts';
import type * as onDemand from '../../lazy/sessions.ts';

type Managed = typeof onDemand;

/** Does something to the session that a call names, and prints how it is then. */
export async function steer(
  call: Call,
  act: (managed: Managed, session: string) => Promise<ManagedSessionRecord>,
): Promise<void> {
  const managed = await import('../../lazy/sessions.ts');
  const session = await act(managed, call.argument('session'));
  if (call.json) await call.output.printJson(session);
  else await call.output.print(managed.sentence(session, call.context.clock.now()));
}
