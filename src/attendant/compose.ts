import { type ResolvedConfig, resolveConfig } from '../config/config.ts';
import type { Environment } from '../config/trusted-environment.ts';
import { fileChanged } from '../delivery/file-changed.ts';
import { inboxSocket } from '../delivery/inbox-socket.ts';
import { systemClock } from '../lib/clock.ts';
import { openRoot } from '../mailbox/seat-folder.ts';
import { Attendant } from './attendant.ts';
import { HostSession } from './host-session.ts';
import { SeatKeeper } from './seat-keeper.ts';
import { SessionTools } from './session-tools.ts';

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
  const attendant = new Attendant({ config, clock, host, seating, version, wakePaths, onFault });
  return { attendant, host, config, tools: new SessionTools({ attendant, root: config.root, clock }) };
}
