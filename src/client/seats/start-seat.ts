import { checkName } from '../../directory/seat-name.ts';
import { updateSeatRecord } from '../../directory/seat-record.ts';
import { startShellSeat } from '../../directory/shell-seat.ts';
import { namesInProject } from '../../directory/take-seat.ts';
import { openRoot } from '../../mailbox/seat-folder.ts';
import { CahootsError } from '../../protocol/errors.ts';
import type { Attention, SeatRecord } from '../../protocol/seat.ts';
import type { ClientContext } from '../client-context.ts';
import { OpenSeat, openOwnSeat, shellRequest } from './open-seat.ts';
import type { SeatWish } from './own-seat.ts';

/**
 * Makes the shell seat of the project folder, or takes it up again, and gives it a name when one is asked for; with an
 * address, that seat instead.
 *
 * Throws `name-invalid`, `name-taken` when another seat of the folder has the name, `seat-unknown`, or `seat-held`.
 */
export async function startSeat(
  context: ClientContext,
  { name, address }: { name: string | undefined; address: string | undefined },
): Promise<OpenSeat> {
  if (name !== undefined) checkName(name);
  const seat =
    address === undefined ? await startHere(context) : await openOwnSeat(context, { address, use: 'take' });
  if (name !== undefined) await giveName(seat, name);
  return seat;
}

/** Gives the own seat another name. Throws like {@link startSeat}, `seat-missing`, and `usage` for a managed session. */
export async function renameSeat(
  context: ClientContext,
  { name, wish }: { name: string; wish: SeatWish },
): Promise<{ readonly seat: OpenSeat; readonly was: string }> {
  checkName(name);
  const seat = await openOwnSeat(context, wish);
  const was = seat.record.name;
  await giveName(seat, name);
  return { seat, was };
}

/** Sets what may reach the session on a seat. */
export async function setAttention(seat: OpenSeat, attention: Attention): Promise<void> {
  await change(seat, { attention });
}

async function startHere(context: ClientContext): Promise<OpenSeat> {
  openRoot(context.config.root);
  const { record } = startShellSeat(shellRequest(context), undefined);
  const seat = new OpenSeat(context, record);
  await seat.tidy();
  return seat;
}

async function giveName(seat: OpenSeat, name: string): Promise<void> {
  const { config, clock } = seat.context;
  const { record } = seat;
  if (record.name === name) return;
  if (record.kind === 'managed') {
    throw new CahootsError('usage', `${record.name} is a managed session, which keeps its name.`, {
      remedy: `Begin with a copy of it: cahoots fork ${record.name} --name ${name}`,
      facts: { seat: record.sessionId },
    });
  }
  if (namesInProject(config.root, record.projectPath, clock.now()).has(name)) {
    throw new CahootsError('name-taken', `Another seat of ${record.projectPath} is called "${name}".`, {
      remedy: 'Choose another name; see: cahoots peers',
      facts: { name, path: record.projectPath },
    });
  }
  // v1 shows the project's name as the name of a session.
  await change(seat, { name, projectName: name });
}

async function change(seat: OpenSeat, keys: Partial<SeatRecord>): Promise<void> {
  await updateSeatRecord(seat.context.config.root, seat.folder, keys);
}
