import { isMessageId, type MessageId } from '../../protocol/ids.ts';
import type { PromptRecord } from '../../protocol/managed-session.ts';
import { limitText } from '../../protocol/used.ts';

/** Who a prompt is from that was made of messages. */
export const FROM_MAIL = 'mail';

/** Begins each message in such a prompt; what a peer says cannot begin so. */
const ENVELOPE = /<peer-message id="(msg-\w+)"/g;

/** The messages that a prompt was made of; none where it is a person's or a program's. */
export function messagesIn({ from, text }: Pick<PromptRecord, 'from' | 'text'>): readonly MessageId[] {
  if (from !== FROM_MAIL) return [];
  return [...text.matchAll(ENVELOPE)].flatMap(([, id]) => (isMessageId(id) ? [id] : []));
}

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
