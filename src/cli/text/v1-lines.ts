import type { Message } from '../../protocol/message.ts';

/**
 * A message in the lines that `listen` of session-bridge v1 prints. A sender's project name stays on its line whatever
 * it contains, so that nothing in it passes for another line; the content is unchanged.
 */
export function v1Lines({ id, from, to, type, inReplyTo, metadata, content }: Message): string {
  return [
    `MESSAGE_ID=${id}`,
    `FROM_ID=${from}`,
    `TO_ID=${to}`,
    `FROM_PROJECT=${(metadata.fromProject ?? 'unknown').replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')}`,
    `TYPE=${type}`,
    `IN_REPLY_TO=${inReplyTo ?? ''}`,
    '---',
    content,
  ].join('\n');
}
