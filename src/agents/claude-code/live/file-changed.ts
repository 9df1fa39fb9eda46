import { existsSync, statSync } from 'node:fs';
import { writeAtomic } from '../../../lib/atomic-write.ts';
import { errnoOf, unlessGone } from '../../../lib/errno.ts';
import { removeEntry } from '../../../lib/remove-entry.ts';
import type { WakePath, WakeResult } from '../../wake-path.ts';
import { literalPrompt, literalText } from '../literal-text.ts';

/** The files by which a session's `FileChanged` hook and the attendant talk. */
export interface WakeFiles {
  /** Watched by the host; removing it fires the hook. */
  readonly trigger: string;
  /** What the hook hands to the model. */
  readonly payload: string;
  /** Made by the session's start hook: this session watches the trigger. */
  readonly armed: string;
}

export interface FileChangedOptions {
  readonly files: () => WakeFiles;
}

/** Claude Code cuts what such a hook says to about 100 kB (2.1.329). */
const MAX_BYTES = 90_000;
/** A trigger younger than this may be one that the hook has just put back: its appearance fires the hook by itself. */
const KNOWN_AFTER_MS = 1_500;
/** The host begins to watch about a second after its start, and after /clear, and tells nothing of what was before. */
const FIRE_AGAIN_AFTER_MS = [1_000, 1_500, 2_000] as const;

/**
 * Leaves a text for the session's `FileChanged` hook and fires it; the hook hands the text to the model.
 *
 * Works in every Claude Code with `asyncRewake` hooks. The host waits half a second until a written file is stable, but
 * tells of a removed one at once: so the watched file is removed, and the hook puts it back. A hook that does not come
 * for the text is fired again a few times.
 */
export function fileChanged({ files }: FileChangedOptions): WakePath {
  let timer: NodeJS.Timeout | undefined;
  const unavailable = (): string | undefined => {
    const { armed, payload } = files();
    if (!existsSync(armed)) return 'no hook of this session watches for a wake';
    return existsSync(payload) ? 'an earlier wake was not taken yet' : undefined;
  };
  const fireAgain = ([delayMs, ...later]: readonly number[]): void => {
    clearTimeout(timer);
    if (delayMs === undefined) return;
    timer = setTimeout(() => {
      if (!existsSync(files().payload)) return;
      attempt(() => fire(files()));
      fireAgain(later);
    }, delayMs);
    timer.unref();
  };
  return {
    path: 'file-changed',
    settleMs: 6_000,
    // Which hosts open files for what such a text mentions is not known of each; 2.1.197 does, 2.1.332 does not.
    literal: literalText,
    unavailable,
    withdraw() {
      clearTimeout(timer);
      removeEntry(files().payload);
    },
    async wake({ text }) {
      const reason = unavailable();
      if (reason !== undefined) return { ok: false, reason };
      if (Buffer.byteLength(text) > MAX_BYTES) return { ok: false, reason: 'longer than the host hands on' };
      const result = attempt(() => {
        writeAtomic(files().payload, `${literalPrompt(text)}\n`, { flush: false });
        fire(files());
      });
      if (result.ok) fireAgain(FIRE_AGAIN_AFTER_MS);
      return result;
    },
  };
}

function attempt(step: () => void): WakeResult {
  try {
    step();
    return { ok: true };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

function fire({ trigger }: WakeFiles): void {
  const bornMs = unlessGone(() => statSync(trigger).mtimeMs, undefined);
  if (bornMs === undefined) writeAtomic(trigger, '', { flush: false });
  else if (Date.now() - bornMs >= KNOWN_AFTER_MS) removeEntry(trigger);
}
