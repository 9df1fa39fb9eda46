import { ConversationProof } from '../agents/claude-code/live/conversation-proof.ts';
import { fileChanged } from '../agents/claude-code/live/file-changed.ts';
import { answerHook } from '../agents/claude-code/live/hooks.ts';
import { HostSession } from '../agents/claude-code/live/host-session.ts';
import { inboxSocket } from '../agents/claude-code/live/inbox-socket.ts';
import { Attendant } from '../attendant/attendant.ts';
import { SeatKeeper } from '../attendant/seat-keeper.ts';
import { SessionTools } from '../attendant/session-tools.ts';
import { type ResolvedConfig, resolveConfig } from '../config/config.ts';
import type { Environment } from '../config/trusted-environment.ts';
import { systemClock } from '../lib/clock.ts';
import { openRoot } from '../mailbox/seat-folder.ts';
import { callsOf, type SessionCalls } from '../tools/session-calls.ts';

export interface ComposeOptions {
  readonly env: Environment;
  readonly cwd: string;
  /** The process id of the `claude` that started us. */
  readonly claudePid: number;
  readonly version: string;
  readonly onFault: (error: unknown) => void;
}

export interface AttendedSession {
  readonly attendant: Attendant;
  readonly tools: SessionTools;
  readonly host: HostSession;
  readonly config: ResolvedConfig;
}

/** Puts an attendant together for one live session: the only place that knows which delivery paths there are. */
export function composeAttendant({ env, cwd, claudePid, version, onFault }: ComposeOptions): AttendedSession {
  const config = resolveConfig({ env, cwd });
  openRoot(config.root);
  const host = new HostSession({ config, claudePid });
  const wakePaths = [
    inboxSocket({ socket: () => host.inboxSocket, keepsBack: (fromMode) => host.keepsBack(fromMode) }),
    fileChanged({ files: () => host.wakeFiles }),
  ];
  const clock = systemClock;
  const seating = (onMoved: (notice: string) => void): SeatKeeper =>
    new SeatKeeper({ config, clock, host, version, onMoved });
  const proof = (path: string): ConversationProof => new ConversationProof(path);
  const attendant = new Attendant({ config, clock, host, seating, version, proof, wakePaths, onFault });
  return { attendant, host, config, tools: new SessionTools({ attendant, root: config.root, clock }) };
}

/** The session that this process attends: its tools, and the hooks of its host. */
export interface LiveSession extends SessionCalls {
  /** Answers a hook; never throws. */
  hook(input: unknown): Promise<string>;
}

/** Opens the session that this process attends. Throws when the mailbox root cannot be used. */
export function openSession(options: ComposeOptions): LiveSession {
  const session = composeAttendant(options);
  const context = { config: session.config, clock: systemClock, version: options.version };
  const calls = callsOf(session, async (name, input, call) => {
    // Most sessions never start another one.
    const { callWorkerTool } = await import('./worker-calls.ts');
    return await callWorkerTool(context, { name, input, call });
  });
  return {
    ...calls,
    hook: async (input) => await answerHook(input, async (call) => await session.attendant.hook(call)),
  };
}
