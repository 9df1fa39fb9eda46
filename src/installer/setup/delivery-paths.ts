import { compareVersions } from '../../lib/versions.ts';

/** The ways in which a version of Claude Code lets mail into its sessions. */
export interface DeliveryAbilities {
  /** Sessions open an inbox socket. */
  readonly inboxSocket: boolean;
  /** A watched file wakes a session (`FileChanged` hooks with `asyncRewake`). */
  readonly fileChanged: boolean;
}

/** The first versions that have them; Windows got the socket later. */
const INBOX_SOCKET = '2.1.224';
const INBOX_SOCKET_ON_WINDOWS = '2.1.234';
const FILE_CHANGED = '2.1.160';

/** What a version of Claude Code has. */
export function deliveryAbilities(version: string): DeliveryAbilities {
  const socket = process.platform === 'win32' ? INBOX_SOCKET_ON_WINDOWS : INBOX_SOCKET;
  return {
    inboxSocket: compareVersions(version, socket) >= 0,
    fileChanged: compareVersions(version, FILE_CHANGED) >= 0,
  };
}

/** What is missing when mail cannot wake an idle session, with what to do; undefined when it can. */
export function deliveryProblem(version: string): { what: string; remedy: string } | undefined {
  const { inboxSocket, fileChanged } = deliveryAbilities(version);
  if (inboxSocket || fileChanged) return undefined;
  return {
    what: `Claude Code ${version} cannot be woken by mail: that needs ${FILE_CHANGED} or newer`,
    remedy: 'Mail comes with the next prompt instead; update Claude Code (claude update).',
  };
}
