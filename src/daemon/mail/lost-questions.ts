import type { ResolvedConfig } from '../../config/config.ts';
import { readSeatRecord } from '../../directory/seat-record.ts';
import type { Clock } from '../../lib/clock.ts';
import { Correspondent } from '../../mail/correspondent.ts';
import { findReceived } from '../../mailbox/find-message.ts';
import { statesOf } from '../../mailbox/receipts.ts';
import { seatFolder } from '../../mailbox/seat-folder.ts';
import type { PromptRecord } from '../../protocol/managed-session.ts';
import { currentState } from '../../protocol/receipt.ts';
import { answerOf } from './mail-prompt.ts';

/**
 * Tells those who asked a session in a turn that was lost with its daemon that no answer will come. What the session had
 * not seen by then is still in its mailbox, and is its next turn.
 */
export function answerLostQuestions(
  prompts: readonly PromptRecord[],
  { config, clock, onFault }: { config: ResolvedConfig; clock: Clock; onFault: (error: unknown) => void },
): void {
  const { root, limits } = config;
  for (const prompt of prompts) {
    const folder = seatFolder(root, prompt.session);
    for (const id of prompt.messages ?? []) {
      try {
        const found = findReceived(folder, id);
        const record = readSeatRecord(folder);
        if (found?.place !== 'read' || found.message.type !== 'query' || record === undefined) continue;
        const asked = seatFolder(root, found.message.from);
        if (currentState(statesOf(asked, id)) === 'answered') continue;
        const seat = () => ({ folder, record });
        const correspondent = new Correspondent({
          root,
          clock,
          limits,
          seat,
          permissionClass: () => undefined,
        });
        correspondent.reply(id, answerOf(prompt));
      } catch (error) {
        // One who cannot be told must not keep the others from being told.
        onFault(error);
      }
    }
  }
}
