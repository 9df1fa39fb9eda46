import { join } from 'node:path';
import type { AttendedHost, HostStatus } from '../../agents/live-host.ts';
import type { ManagedSessionRecord } from '../../protocol/managed-session.ts';
import type { PermissionClass } from '../../protocol/message.ts';

/** A session of ours as its attendant sees it. */
export class ManagedHost implements AttendedHost {
  readonly #claudeConfigDir: string;
  #session: ManagedSessionRecord;

  constructor(session: ManagedSessionRecord, { claudeConfigDir }: { claudeConfigDir: string }) {
    this.#session = session;
    this.#claudeConfigDir = claudeConfigDir;
  }

  /** The session as it is from now on. */
  update(session: ManagedSessionRecord): void {
    this.#session = session;
  }

  get session(): ManagedSessionRecord {
    return this.#session;
  }

  get takesSeat(): boolean {
    return true;
  }

  /** Who opened a session in that folder speaks for it; a worker there does not. */
  get ownsProject(): boolean {
    return false;
  }

  get worksOffNotes(): boolean {
    return true;
  }

  /** One that is paused or waits for its plan's allowance takes no mail, as if it worked. */
  get status(): HostStatus {
    const { state } = this.#session.state;
    return state === 'idle' || state === 'waiting' ? state : 'busy';
  }

  get conversation(): string {
    return this.#session.conversation;
  }

  get transcript(): string {
    const folder = this.#session.cwd.replace(/[^a-zA-Z0-9]/g, '-');
    return join(this.#claudeConfigDir, 'projects', folder, `${this.conversation}.jsonl`);
  }

  /** What `full` does nobody is asked about; every other preset denies what it does not cover. */
  get permissionMode(): string {
    const { preset } = this.#session;
    if (preset === 'full') return 'bypassPermissions';
    return preset === 'plan' ? 'plan' : 'default';
  }

  get permissionClass(): PermissionClass {
    return this.#session.preset === 'full' ? 'bypasses' : 'asks';
  }

  get inboundRule(): 'parity' {
    return 'parity';
  }

  /** Its changes are told to the attendant. */
  get watchedFolders(): readonly string[] {
    return [];
  }

  learn(): void {
    // There is nothing that a hook would know better.
  }
}
