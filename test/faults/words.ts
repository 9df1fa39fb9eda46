import { shortHash } from '../../src/lib/short-hash.ts';
import type { MessageId, SeatId } from '../../src/protocol/ids.ts';
import type { Message } from '../../src/protocol/message.ts';
import type { Random } from './random.ts';

/** What a program says on standard error at the operation at which it is stopped or killed. */
export const STOP_MARK = 'stopped by the fault bench';

/** A message whose send has succeeded, as its sender tells of it. */
export interface SentWord {
  readonly id: MessageId;
  readonly from: SeatId;
  readonly to: SeatId;
  /** Of its content. */
  readonly hash: string;
}

/** A message that was put before a reader or a model. */
export interface TakenWord {
  readonly id: MessageId;
  /** It said that it may have been there before. */
  readonly isRepeat: boolean;
  /** Of the content that was shown; undefined where it was shown in part or changed for display. */
  readonly hash: string | undefined;
}

/** Content of a random size, mostly small, with characters that JSON has to escape. */
export function contentFor(random: Random): string {
  const size = random.chance(0.05) ? random.between(9_000, 60_000) : random.between(1, 3_000);
  return `${random.seed()} "é\\\n漢 ${'x'.repeat(size)}`;
}

/** The line by which a program tells that a send has succeeded. Written in one piece: a kill leaves it out or whole. */
export function sentLine({ id, from, to, content }: Message): string {
  return `sent ${id} ${from} ${to} ${shortHash(content)}\n`;
}

/** The line by which a program tells that it has a message before it. */
export function tookLine({ id, repeat = 0, content }: Message): string {
  return `took ${id} ${repeat} ${shortHash(content)}\n`;
}

/** What the lines of a program's output say. */
export function wordsOf(output: string): { sent: SentWord[]; taken: TakenWord[] } {
  const sent: SentWord[] = [];
  const taken: TakenWord[] = [];
  for (const line of output.split('\n')) {
    const [verb, id, ...rest] = line.split(' ');
    if (verb === 'sent' && rest.length === 3) {
      const [from, to, hash] = rest as [SeatId, SeatId, string];
      sent.push({ id: id as MessageId, from, to, hash });
    } else if (verb === 'took' && rest.length === 2) {
      taken.push({ id: id as MessageId, isRepeat: rest[0] !== '0', hash: rest[1] });
    }
  }
  return { sent, taken };
}

/** What the lines of `cahoots listen --follow --json` say. */
export function wordsOfListen(output: string): TakenWord[] {
  return output.split('\n').flatMap((line) => {
    // The last one may be cut by a kill, or be the error that the time is up.
    if (!line.startsWith('{"id":') || !line.endsWith('}')) return [];
    const { id, repeat = 0, content } = JSON.parse(line) as Message;
    return [{ id, isRepeat: repeat > 0, hash: shortHash(content) }];
  });
}
