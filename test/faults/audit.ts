import { shortHash } from '../../src/lib/short-hash.ts';
import type { MessageId } from '../../src/protocol/ids.ts';
import { currentState, type MessageState } from '../../src/protocol/receipt.ts';
import type { Ledger } from './ledger.ts';
import {
  type Census,
  type Copy,
  messageAt,
  PLACES,
  type Place,
  type Sent,
  takeCensus,
} from './mail-census.ts';

/** `still`: everybody stands still in the middle of the work. `over`: the next processes of every seat have done theirs. */
export type Moment = 'still' | 'over';

/** The sum of a round: `sent + unannounced + notices + foreign = read + rejected + claimed + waiting + undeliverable`. */
export interface Sum {
  readonly sent: number;
  /** Sent by a process that was killed before it could say so, or by an attendant of its own accord. */
  readonly unannounced: number;
  /** Among these: what attendants send of their own accord. */
  readonly control: number;
  /** What a seat has left in its own mailbox, for whoever sits there. */
  readonly notices: number;
  readonly foreign: number;
  readonly read: number;
  readonly rejected: number;
  readonly claimed: number;
  readonly waiting: number;
  readonly undeliverable: number;
  /** Files that are no messages, among them what a sender left that was killed in the middle of writing. */
  readonly invalid: number;
  readonly handedOut: number;
  readonly repeats: number;
  /** Read or rejected, and its sender knows less: whoever had it in hand was killed before it could tell. */
  readonly understated: number;
}

export interface Audit {
  /** What is wrong, one line each; empty when every message is accounted for. */
  readonly findings: readonly string[];
  readonly sum: Sum;
}

/** The states that a sender may know of while the message lies there: never a stronger one than is true. */
const TRUE_STATES: Readonly<Record<Place, ReadonlySet<MessageState>>> = {
  waiting: new Set(['accepted', 'delivered', 'held', 'offered', 'expired']),
  facade: new Set(['accepted', 'delivered']),
  claimed: new Set(['accepted', 'delivered', 'held', 'offered', 'expired']),
  read: new Set(['accepted', 'delivered', 'held', 'offered', 'seen', 'answered']),
  rejected: new Set(['accepted', 'delivered', 'held', 'offered', 'refused', 'expired']),
};

/** The states that say all there is to say. */
const FULL_STATES: Partial<Record<Place, ReadonlySet<MessageState>>> = {
  read: new Set(['seen', 'answered']),
  rejected: new Set(['refused', 'expired']),
};

/** Types that attendants send and take by themselves: nobody is shown them, and they have no `seen`. */
const CONTROL = new Set(['ping', 'session-ended']);

/**
 * Compares what was heard from the processes with what lies in the mailboxes of a root.
 *
 * Every message whose send succeeded is in exactly one place at its receiver, whole, or known to be undeliverable; its
 * sender knows nothing of it that is not so; what was read had been handed out, and no more than once without saying
 * that it is a repeat; and nothing is there that nobody sent. `over` adds that nothing is left unfinished.
 */
export function audit(root: string, ledger: Ledger, moment: Moment): Audit {
  const census = takeCensus(root);
  const findings = [...census.faults];
  // On a full disk the text beside the file may be missing, and a kill keeps who knows why from telling the sender.
  const mayBeUnexplained = ledger.hadStorageFaults && ledger.kills.receiver > 0;
  if (!mayBeUnexplained)
    for (const path of census.unexplained) findings.push(`${path} is rejected without a reason`);
  const report = (id: MessageId, what: string): number => findings.push(`${id} ${what}`);
  const places = new Map<MessageId, Place>();
  for (const [id, copies] of census.copies) {
    const place = PLACES.find((candidate) => copies.some((copy) => copy.place === candidate));
    if (place !== undefined) places.set(id, place);
    const seats = new Set(copies.map(({ seat }) => seat));
    if (seats.size > 1) report(id, `lies at several seats: ${[...seats].join(', ')}`);
    if (moment === 'over' && copies.length > 1) report(id, `lies in several places: ${describe(copies)}`);
    const isKnown =
      census.sent.has(id) || census.unsent.includes(id) || ledger.foreign.has(id) || isNotice(copies);
    if (!isKnown) report(id, `lies in ${describe(copies)}, and nobody sent it`);
  }
  for (const { id, from, hash } of ledger.sent.values()) {
    const sent = census.sent.get(id);
    if (sent === undefined && (moment === 'over' || !census.unsent.includes(id)))
      report(id, `was sent, and the outbox of ${from} does not have it`);
    const [copy] = census.copies.get(id) ?? [];
    if (copy === undefined && !isUndeliverable(sent)) report(id, 'was sent, and lies nowhere: LOST');
    if (copy !== undefined && hashAt(copy) !== hash) report(id, 'has another content than was sent');
  }
  for (const [id, to] of ledger.foreign)
    if (!(census.copies.get(id) ?? []).some(({ seat }) => seat === to))
      report(id, `of another version is not at ${to}: LOST`);
  const understated = checkStates(census, places, report);
  checkHandingOut(ledger, { census, places }, report);
  if (moment === 'over') checkNothingLeft(ledger, { census, places }, report);
  const sum = sumOf(ledger, { census, places, understated });
  if (moment === 'over') findings.push(...wrongSums(ledger, sum, census.invalid));
  return { findings, sum };
}

interface Seen {
  readonly census: Census;
  readonly places: ReadonlyMap<MessageId, Place>;
}
type Report = (id: MessageId, what: string) => number;

/** Returns how many senders know less than is true. */
function checkStates(
  { sent, copies }: Census,
  places: ReadonlyMap<MessageId, Place>,
  report: Report,
): number {
  let understated = 0;
  for (const [id, { states, to }] of sent) {
    const state = currentState(states);
    if (states[0] === undefined || !states.some((record) => record.state === 'accepted'))
      report(id, 'has no record that it was accepted');
    const place = places.get(id);
    if (place === undefined) {
      if (state !== 'undeliverable') report(id, `is "${state}" at its sender, and lies nowhere: LOST`);
      continue;
    }
    const [copy] = copies.get(id) ?? [];
    if (copy !== undefined && copy.seat !== to) report(id, `was sent to ${to} and lies at ${copy.seat}`);
    if (!TRUE_STATES[place].has(state)) report(id, `is "${state}" at its sender, and lies in ${place}`);
    if (!isControl(copies.get(id)) && FULL_STATES[place]?.has(state) === false) understated += 1;
  }
  return understated;
}

function checkHandingOut(ledger: Ledger, { census, places }: Seen, report: Report): void {
  const times = Map.groupBy(ledger.taken, ({ id }) => id);
  for (const [id, words] of times) {
    const unannounced = words.filter(({ isRepeat }) => !isRepeat).length;
    if (unannounced > 1)
      report(id, `was handed out ${words.length} times, ${unannounced} of them as if for the first time`);
    if (!places.has(id)) report(id, 'was handed out, and lies nowhere');
    const sent = ledger.sent.get(id);
    if (sent !== undefined && words.some(({ hash }) => hash !== undefined && hash !== sent.hash))
      report(id, 'was handed out with another content than was sent');
  }
  for (const [id, place] of places) {
    if (place === 'read' && !times.has(id) && !isControl(census.copies.get(id)))
      report(id, 'counts as read, and was handed out to nobody: LOST');
  }
}

function checkNothingLeft(ledger: Ledger, { census, places }: Seen, report: Report): void {
  for (const id of census.unsent) report(id, 'was never delivered');
  for (const [id, place] of places)
    if (place !== 'read' && place !== 'rejected') report(id, `is still ${place} after everybody has looked`);
}

function sumOf(ledger: Ledger, { census, places, understated }: Seen & { understated: number }): Sum {
  const count = (...wanted: Place[]): number =>
    [...places.values()].filter((place) => wanted.includes(place)).length;
  const known = new Set([...census.sent.keys(), ...census.unsent, ...places.keys()]);
  return {
    sent: ledger.sent.size,
    unannounced: [...known].filter(
      (id) => !ledger.sent.has(id) && !ledger.foreign.has(id) && !isNotice(census.copies.get(id)),
    ).length,
    notices: [...census.copies.values()].filter((copies) => isNotice(copies)).length,
    control: [...census.copies.values()].filter((copies) => isControl(copies)).length,
    foreign: ledger.foreign.size,
    read: count('read'),
    rejected: count('rejected'),
    claimed: count('claimed'),
    waiting: count('waiting', 'facade'),
    undeliverable: [...census.sent.values()].filter(isUndeliverable).length,
    invalid: census.invalid.length,
    handedOut: ledger.taken.length,
    repeats: ledger.taken.filter(({ isRepeat }) => isRepeat).length,
    understated,
  };
}

/** Nobody knows less or says less than a kill at one message each can explain. */
function wrongSums(ledger: Ledger, sum: Sum, invalid: readonly string[]): string[] {
  const findings: string[] = [];
  const known = sum.sent + sum.unannounced + sum.notices + sum.foreign;
  const found = sum.read + sum.rejected + sum.claimed + sum.waiting + sum.undeliverable;
  if (known !== found) findings.push(`${known} messages were sent, and ${found} are accounted for`);
  const { sender, receiver, attendant } = ledger.kills;
  // Whose own folder vanishes in the middle of a send is told that it failed, and it is found and sent later.
  const cutOff = sender + attendant + (ledger.hadStorageFaults ? ledger.refusals : 0);
  if (sum.unannounced - sum.control > cutOff)
    findings.push(
      `${sum.unannounced - sum.control} messages that nobody told of, with ${cutOff} sends cut off`,
    );
  const torn = sum.invalid - ledger.invalidFiles;
  if (torn < 0 || torn > cutOff)
    findings.push(
      `${sum.invalid} files were rejected as no messages, ${ledger.invalidFiles} were put there, and ${cutOff} sends cut off: ${invalid.join(', ')}`,
    );
  if (!ledger.hadStorageFaults && sum.understated > receiver + attendant)
    findings.push(
      `of ${sum.understated} messages the senders know less than is true, with ${receiver + attendant} kills`,
    );
  return findings;
}

function isUndeliverable(sent: Sent | undefined): boolean {
  return sent !== undefined && currentState(sent.states) === 'undeliverable';
}

function isNotice(copies: readonly Copy[] = []): boolean {
  return copies.slice(0, 1).some(({ path, seat }) => {
    const message = messageAt(path);
    return message?.type === 'notice' && message.from === seat;
  });
}

function isControl(copies: readonly Copy[] = []): boolean {
  return copies.slice(0, 1).some(({ path }) => CONTROL.has(messageAt(path)?.type ?? ''));
}

function hashAt({ path }: Copy): string | undefined {
  const content = messageAt(path)?.content;
  return content === undefined ? undefined : shortHash(content);
}

function describe(copies: readonly Copy[]): string {
  return copies.map(({ seat, place }) => `${place} of ${seat}`).join(', ');
}
