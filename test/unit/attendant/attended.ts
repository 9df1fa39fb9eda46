import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ConversationProof } from '../../../src/agents/claude-code/live/conversation-proof.ts';
import { answerHook } from '../../../src/agents/claude-code/live/hooks.ts';
import { Attendant } from '../../../src/attendant/attendant.ts';
import { SeatKeeper } from '../../../src/attendant/seat-keeper.ts';
import { SessionTools } from '../../../src/attendant/session-tools.ts';
import { limitsFrom } from '../../../src/config/settings.ts';
import { findPeer } from '../../../src/directory/peers.ts';
import { updateSeatRecord } from '../../../src/directory/seat-record.ts';
import { createSeat, freshRecord } from '../../../src/directory/take-seat.ts';
import { Correspondent } from '../../../src/mail/correspondent.ts';
import { statesOf } from '../../../src/mailbox/receipts.ts';
import type { SeatFolder } from '../../../src/mailbox/seat-folder.ts';
import type { MessageId } from '../../../src/protocol/ids.ts';
import type { Message } from '../../../src/protocol/message.ts';
import type { Attention, SeatRecord } from '../../../src/protocol/seat.ts';
import { waitFor } from '../../../src/testing/wait-for.ts';
import type { MovableClock } from '../../fixtures/temp-root.ts';
import type { Transcript } from '../agents/claude-code/live/transcript.ts';
import { type FakeHost, type FakeHostOptions, fakeHost } from './fake-host.ts';
import { type ScriptedPath, scriptedPath } from './scripted-path.ts';

/** A seat that writes to the attended one as a program of ours does. */
export interface Writer {
  readonly folder: SeatFolder;
  readonly record: SeatRecord;
  /** Sends a message to the attended seat: a query, with some keys replaced. */
  readonly write: (letter?: Partial<Parameters<Correspondent['send']>[1]>, to?: SeatFolder) => Message;
  /** What it knows of a message of its own: states, each with its path or reason. */
  readonly states: (message: { readonly id: MessageId }) => string[];
  readonly correspondent: Correspondent;
}

/** An attendant in a session that the test plays: its registry, its record, its hooks. No `claude` runs. */
export interface Attended {
  readonly host: FakeHost;
  readonly attendant: Attendant;
  readonly tools: SessionTools;
  readonly socket: ScriptedPath;
  readonly file: ScriptedPath;
  readonly clock: MovableClock;
  readonly faults: unknown[];
  /** Of the conversation that the registry names at the first call. */
  readonly transcript: Transcript;
  readonly folder: () => SeatFolder;
  /** Calls the hook as the host does and returns its parsed answer. */
  readonly hook: (event: string, call?: Partial<HookFields>) => Promise<HookAnswer>;
  readonly writer: (name?: string) => Writer;
  /** Waits until the session was woken so often, and returns the last text. */
  readonly woken: (count: number) => Promise<string>;
}

export interface HookAnswer {
  readonly systemMessage?: string;
  readonly hookSpecificOutput?: {
    readonly hookEventName: string;
    readonly additionalContext?: string;
    readonly permissionDecision?: string;
  };
}

export interface AttendedOptions extends FakeHostOptions {
  /** False: the attendant is there but has not begun. */
  readonly isStarted?: boolean;
  /** The person's settings in the mailbox root. */
  readonly limits?: { readonly peerTurnsPerHour: number };
}

/** The fields of a hook call as the host names them, in our spelling. */
export interface HookFields {
  readonly conversation: string;
  readonly transcript: string;
  readonly permissionMode: string;
  readonly agent: string;
  readonly toolUse: string;
  readonly prompt: string;
  readonly calls: string;
}

export function attended(t: TestContext, options: AttendedOptions = {}): Attended {
  // Ahead of the home, which is removed in the same order.
  const opened: Attendant[] = [];
  t.after(() => {
    for (const attendant of opened) attendant.close();
  });
  const host = fakeHost(t, options);
  if (options.limits !== undefined)
    writeFileSync(join(host.root, 'settings.json'), JSON.stringify(options.limits));
  const clock: MovableClock = { offsetMs: 0, now: () => Date.now() + clock.offsetMs };
  const [socket, file] = [scriptedPath('inbox-socket', 1_500), scriptedPath('file-changed', 1_500)];
  const faults: unknown[] = [];
  const session = host.session();
  const version = '1.0.0';
  const attendant = new Attendant({
    config: host.config,
    clock,
    host: session,
    seating: (onMoved) => new SeatKeeper({ config: host.config, clock, host: session, version, onMoved }),
    version,
    proof: (path) => new ConversationProof(path),
    wakePaths: [socket, file],
    onFault: (error) => faults.push(error),
  });
  opened.push(attendant);
  if (options.isStarted !== false) attendant.start();
  const conversation = options.conversation ?? 'c-1';
  const transcript = host.transcript(conversation);
  return {
    host,
    attendant,
    tools: new SessionTools({ attendant, root: host.root, clock }),
    socket,
    file,
    clock,
    faults,
    transcript,
    folder: () => attendant.seat().folder,
    hook: async (event, call = {}) => {
      const { permissionMode: permission_mode = 'default', toolUse: tool_use = '', ...rest } = call;
      const input = { event, permission_mode, tool_use, ...rest };
      const text = await answerHook(input, async (given) => await attendant.hook(given));
      return JSON.parse(text) as HookAnswer;
    },
    writer: (name = 'app') => writerTo(() => attendant.seat().folder, { host, clock, name }),
    woken: async (count) => {
      await waitFor(() => socket.wakes.length + file.wakes.length >= count, { what: `${count} wakes` });
      return (file.wakes.at(-1) ?? socket.wakes.at(-1))?.text ?? '';
    },
  };
}

function writerTo(
  receiver: () => SeatFolder,
  { host, clock, name }: { host: FakeHost; clock: MovableClock; name: string },
): Writer {
  const { root } = host;
  const request = { clock, projectPath: `/projects/${name}`, version: '1.0.0' };
  const seat = createSeat(root, (id) => freshRecord(request, id, { name, kind: 'live' }));
  const correspondent = new Correspondent({
    root,
    clock,
    limits: limitsFrom({}),
    seat: () => seat,
    permissionClass: () => 'asks',
  });
  return {
    ...seat,
    correspondent,
    write: (letter = {}, to = receiver()) => {
      const peer = findPeer(root, to.id, clock.now());
      if (peer === undefined) throw new Error('the attended seat is gone');
      return correspondent.send(peer, { type: 'query', content: 'what broke?', ...letter });
    },
    states: ({ id }) =>
      statesOf(seat.folder, id).map(({ state, path, reason }) =>
        [state, path ?? reason].filter((part) => part !== undefined).join(': '),
      ),
  };
}

/** What a hook's answer gives to the model. */
export function contextOf(answer: HookAnswer): string {
  return answer.hookSpecificOutput?.additionalContext ?? '';
}

/** Waits until the sender knows of a state, and of none further. */
export async function reaches(
  writer: Writer,
  message: { readonly id: MessageId },
  state: string,
): Promise<void> {
  await waitFor(() => writer.states(message).at(-1) === state, {
    what: `the state "${state}"`,
    explain: () => writer.states(message).join(', '),
  });
}

export async function setAttention({ host, folder }: Attended, attention: Attention): Promise<void> {
  await updateSeatRecord(host.root, folder(), { attention });
}

/** Several looks of the attendant at everything: what has not happened then does not happen by itself. */
export async function looks(session: Attended): Promise<void> {
  for (let look = 0; look < 3; look += 1) await session.attendant.pump();
}
