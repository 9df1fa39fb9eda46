import type { MessageState } from '../protocol/receipt.ts';
import type { Output } from './output.ts';
import { oneLine } from './printable.ts';

export interface AskProgress {
  /** Tells a step that the question has made. */
  readonly update: (state: MessageState) => void;
  /** Ends the showing; may be called more than once. */
  readonly end: () => void;
}

const LINE_INTERVAL_MS = 15_000;
const STATUS_INTERVAL_MS = 1000;

/**
 * Shows on standard error that an answer is waited for: on a terminal one line that counts the seconds, elsewhere a line
 * now and then.
 */
export function showProgress(
  output: Output,
  peer: { readonly name: string; readonly id: string },
): AskProgress {
  const startedMs = performance.now();
  let state: MessageState = 'accepted';
  const show = (): void => {
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const text = `Waiting for ${oneLine(peer.name)} (${peer.id}): ${state}, ${seconds} s`;
    if (output.hasStatusLine) output.showStatus(text);
    else output.note(text);
  };
  const timer = setInterval(show, output.hasStatusLine ? STATUS_INTERVAL_MS : LINE_INTERVAL_MS);
  return {
    update: (next) => {
      state = next;
      if (output.hasStatusLine) show();
    },
    end: () => {
      clearInterval(timer);
      output.clearStatus();
    },
  };
}
