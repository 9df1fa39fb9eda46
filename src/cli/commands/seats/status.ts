import { peerNames } from '../../../client/seats/peer-names.ts';
import type { SeatStatus } from '../../../client/seats/seat-status.ts';
import { seatStatus } from '../../../client/seats/seat-status.ts';
import { CahootsError } from '../../../protocol/errors.ts';
import type { ManagedSessionRecord, PromptRecord } from '../../../protocol/managed-session.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { oneLine } from '../../text/printable.ts';
import { shortPath } from '../../text/short-path.ts';
import { timeAgo } from '../../text/time-text.ts';

export const status: CommandSpec = {
  name: 'status',
  group: 'Seats',
  summary: 'Show the own seat or a peer: who sits there, what waits, what may reach it',
  details: ['Of a managed session also what it works on, what is queued, what it has spent, and its limits.'],
  arguments: [
    { name: 'peer', summary: 'an id, a name, or name@machine; the own seat when left out', optional: true },
  ],
  json: '{id, name, kind, state, attention, path, machine, about, waiting: {count, held}, deliveryPath, permissionMode, peerTurns: {lastHour, cap}, version, lastHeartbeat, openAsks: [{id, to, state, at, summary}]}; what is not known is null; of a managed session also session and prompts, its last 100, the oldest first',
  example: `$ cahoots status lib
lib (p0c7zt)
  kind             live
  state            idle
  attention        open
  folder           ~/projects/lib on laptop
  mail             1 waiting, 0 held
  turns by peers   3 of at most 20 in the last hour`,
  exit: { 1: 'no peer was named and this folder has no mailbox' },
  run: async (call) => {
    const found = seatStatus(call.context, { peer: call.optionalArgument('peer'), address: call.as });
    const managed = found.peer.kind === 'managed' ? await managedPart(call, found.peer.id) : undefined;
    if (call.json) await call.output.printJson({ ...asJson(found), ...managed });
    else await call.output.printStyled(await asText(call, { found, managed }));
  },
};

interface ManagedPart {
  readonly session: ManagedSessionRecord;
  readonly prompts: readonly PromptRecord[];
}

/** Undefined of a seat that was left when its session was removed. */
async function managedPart({ context }: Call, id: string): Promise<ManagedPart | undefined> {
  const { promptHistory, sessionStatus } = await import('../../lazy/sessions.ts');
  try {
    return { session: await sessionStatus(context, id), prompts: await promptHistory(context, id) };
  } catch (error) {
    if (error instanceof CahootsError && error.code === 'session-unknown') return undefined;
    throw error;
  }
}

async function managedFacts(
  call: Call,
  { session, prompts }: ManagedPart,
): Promise<readonly (readonly [string, string])[]> {
  const { managedStatusText } = await import('../../lazy/sessions.ts');
  return managedStatusText(session, { prompts, nowMs: call.context.clock.now() });
}

function asJson({ peer, waiting, openAsks }: SeatStatus): object {
  const { id, name, kind, state, path, machine, about, record } = peer;
  const turns = record?.peerTurns;
  return {
    id,
    name,
    kind,
    state,
    attention: record?.attention ?? null,
    path,
    machine,
    about,
    waiting: { count: waiting.length, held: heldOf(waiting) },
    deliveryPath: record?.deliveryPath ?? null,
    permissionMode: record?.permissionMode ?? null,
    peerTurns: turns === undefined ? null : { lastHour: turns.lastHour, cap: turns.cap },
    version: record?.version ?? null,
    lastHeartbeat: record?.lastHeartbeat ?? null,
    openAsks,
  };
}

async function asText(
  call: Call,
  { found, managed }: { found: SeatStatus; managed: ManagedPart | undefined },
): Promise<string> {
  const { peer, waiting, openAsks } = found;
  const nowMs = call.context.clock.now();
  const nameOf = peerNames(call.context);
  const { record } = peer;
  const turns = record?.peerTurns;
  const facts: (readonly [string, string | undefined])[] = [
    ['kind', peer.kind],
    ['state', managed ? undefined : record?.stopped === true ? 'away (stopped)' : peer.state],
    ...(managed ? await managedFacts(call, managed) : []),
    ['about', peer.about || undefined],
    ['attention', record?.attention],
    ['folder', `${shortPath(peer.path, call.context.config.env)} on ${peer.machine}`],
    ['mail', record === undefined ? undefined : `${waiting.length} waiting, ${heldOf(waiting)} held`],
    ['reached by', record?.deliveryPath],
    ['permission mode', record?.permissionMode],
    [
      'turns by peers',
      turns === undefined ? undefined : `${turns.lastHour} of at most ${turns.cap} in the last hour`,
    ],
    ['version', record?.version],
    ['last sign of life', record === undefined ? undefined : timeAgo(record.lastHeartbeat, nowMs)],
    ...openAsks.map(({ id, to, state, at }): [string, string] => [
      'open question',
      `${id} to ${nameOf(to)} (${to}), ${state}, asked ${timeAgo(at, nowMs)}`,
    ]),
  ];
  const lines = facts.flatMap(([label, value]) =>
    value === undefined ? [] : [`  ${label.padEnd(18)} ${oneLine(value)}`],
  );
  return [call.output.style('bold', `${oneLine(peer.name)} (${peer.id})`), ...lines].join('\n');
}

function heldOf(waiting: SeatStatus['waiting']): number {
  return waiting.filter(({ heldBecause }) => heldBecause !== undefined).length;
}
