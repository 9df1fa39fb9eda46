import { Channel } from '../../lib/channel.ts';
import type { SeatId } from '../../protocol/ids.ts';
import type { SessionEvent } from '../../supervisor/session-means.ts';

/** How many events a watcher may be behind before it is let go: who reads again begins with the journal. */
const MOST_BEHIND = 10_000;

/** What one watcher is told. Ends with `stop`, when the hub closes, and when its reader lags far behind. */
export interface Watch {
  readonly events: AsyncIterable<SessionEvent>;
  /** Idempotent. */
  readonly stop: () => void;
}

interface Watcher {
  readonly session: SeatId | undefined;
  readonly channel: Channel<SessionEvent>;
  behind: number;
}

/** Hands every event of the sessions to all who watch, each at its own pace. */
export class EventHub {
  readonly #watchers = new Set<Watcher>();

  /** How many watch now. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Tells all who watch that session, or all sessions. */
  tell(event: SessionEvent): void {
    for (const watcher of this.#watchers) {
      if (watcher.session !== undefined && watcher.session !== sessionOf(event)) continue;
      watcher.behind += 1;
      watcher.channel.push(event);
      if (watcher.behind > MOST_BEHIND) this.#letGo(watcher);
    }
  }

  /** What happens from this call on, in one session or in all. */
  watch(session: SeatId | undefined): Watch {
    const watcher: Watcher = { session, channel: new Channel(), behind: 0 };
    this.#watchers.add(watcher);
    return { events: takenFrom(watcher), stop: () => this.#letGo(watcher) };
  }

  /** Ends every watch. */
  close(): void {
    for (const watcher of this.#watchers) this.#letGo(watcher);
  }

  #letGo(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    watcher.channel.close();
  }
}

async function* takenFrom(watcher: Watcher): AsyncGenerator<SessionEvent, void> {
  for await (const event of watcher.channel) {
    watcher.behind -= 1;
    yield event;
  }
}

function sessionOf(event: SessionEvent): SeatId {
  switch (event.type) {
    case 'session:changed':
      return event.session.id;
    case 'prompt:changed':
      return event.prompt.session;
    case 'agent:acted':
      return event.session;
  }
}
