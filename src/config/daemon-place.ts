import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shortHash } from '../lib/short-hash.ts';
import type { ResolvedPaths } from './config.ts';

/** Where the daemon of a mailbox root keeps its files, and where it listens. */
export interface DaemonPlace {
  /** Ours alone (0700). */
  readonly folder: string;
  /** Who the daemon is, as JSON; there while one runs, and after one that was killed. */
  readonly state: string;
  readonly lock: string;
  readonly database: string;
  /** What searches go by: made from everything else, and made anew where it is missing. */
  readonly searchIndex: string;
  readonly log: string;
  /** The path of its socket; on Windows the name of its pipe. */
  readonly socket: string;
  /** The folder of the socket where that is not `folder`: to be made, ours alone, before it listens. */
  readonly socketFolder: string | undefined;
}

/** What the address of a socket may have on every system; macOS takes the fewest. */
const MAX_SOCKET_BYTES = 100;

/** Where the daemon of that root is. One root has one daemon, so one person has one unless they name other roots. */
export function daemonPlace({ root, env }: Pick<ResolvedPaths, 'root' | 'env'>): DaemonPlace {
  const folder = join(root, 'daemon');
  const files = {
    folder,
    state: join(folder, 'daemon.json'),
    lock: join(folder, '.starting'),
    database: join(folder, 'daemon.db'),
    searchIndex: join(folder, 'search.db'),
    log: join(folder, 'daemon.log'),
  };
  if (process.platform === 'win32') {
    return { ...files, socket: `\\\\.\\pipe\\cahoots-${shortHash(root)}`, socketFolder: undefined };
  }
  const beside = join(folder, 'daemon.sock');
  if (Buffer.byteLength(beside) <= MAX_SOCKET_BYTES)
    return { ...files, socket: beside, socketFolder: undefined };
  const socketFolder = join(env['XDG_RUNTIME_DIR'] || tmpdir(), `cahoots-${process.getuid?.() ?? 0}`);
  return { ...files, socket: join(socketFolder, `${shortHash(root)}.sock`), socketFolder };
}
