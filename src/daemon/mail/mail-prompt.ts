import type { PromptRecord } from '../../protocol/managed-session.ts';
import { limitText } from '../../protocol/used.ts';

/** Who a prompt is from that was made of messages. */
export const FROM_MAIL = 'mail';

/** What who asked is told when the session has not answered by itself. */
export function answerOf({ ended, turn }: PromptRecord): string {
  const said = turn?.text.trim() ?? '';
  const soFar = said === '' ? '' : ` It had said so far:\n\n${said}`;
  switch (ended?.outcome) {
    case 'completed':
      return said === '' ? '(The session ended its turn without a word.)' : said;
    case 'limit-reached':
      return `(The session was stopped before it had an answer. ${limitText(ended.reached)}${soFar})`;
    case 'failed':
      return `(The session could not answer: ${ended.failure.message}${soFar})`;
    case 'dropped':
      return `(The session could not answer: ${ended.reason})`;
    default:
      return `(The session was interrupted before it had an answer.${soFar})`;
  }
}
