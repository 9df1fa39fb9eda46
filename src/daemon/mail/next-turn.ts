import type { Wake, WakePath } from '../../agents/wake-path.ts';

export interface NextTurnOptions {
  /** Makes a text with messages the session's next prompt. Throws when the session takes none. */
  readonly give: (mail: Pick<Wake, 'text' | 'messages'>) => void;
  /** The text as the session's agent is given it. */
  readonly literal: (text: string) => string;
  /** Why the session takes no prompt now; undefined when it does. */
  readonly unavailable: () => string | undefined;
}

/** How long after the end of a turn its record may still be on its way to the disk. */
const SETTLE_MS = 1_000;

/** Gives a text to a session of ours as its next prompt. */
export function nextTurn({ give, literal, unavailable }: NextTurnOptions): WakePath {
  return {
    path: 'next-turn',
    settleMs: SETTLE_MS,
    literal,
    unavailable,
    async wake({ text, messages }) {
      const reason = unavailable();
      if (reason !== undefined) return { ok: false, reason };
      try {
        give({ text, messages });
        return { ok: true };
      } catch (error) {
        return { ok: false, reason: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}
