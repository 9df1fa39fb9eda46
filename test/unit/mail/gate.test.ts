import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { limitsFrom } from '../../../src/config/settings.ts';
import type { Verdict } from '../../../src/directory/trust.ts';
import { decide, type GateFacts } from '../../../src/mail/gate.ts';
import type { PendingMessage } from '../../../src/mailbox/inbox.ts';
import {
  type InboundRule,
  MESSAGE_TYPES,
  type MessageType,
  PERMISSION_CLASSES,
  type PermissionClass,
} from '../../../src/protocol/message.ts';
import { ATTENTION_LEVELS, type Attention } from '../../../src/protocol/seat.ts';
import { message } from '../attendant/messages.ts';

type Kind = 'pass' | 'hold' | 'refuse';

/** One case of the table; the sender's class is undefined where it does not say. */
interface Case {
  readonly verdict: Verdict;
  readonly rule: InboundRule;
  readonly sender: PermissionClass | undefined;
  readonly own: PermissionClass;
  readonly attention: Attention;
  readonly accepted: boolean;
  readonly answersOwnQuery: boolean;
  readonly hops: number | undefined;
  readonly place: number | undefined;
  readonly isTooMany: boolean;
  readonly type: MessageType;
}

const LIMITS = limitsFrom({});
const MAX_HOPS = LIMITS.maxHops;
const MAX_PLACE = LIMITS.maxThreadMessages;
/** What the limits let through, each just so, and what exceeds one of them. */
const STORMS = [
  { hops: undefined, place: undefined, isTooMany: false },
  { hops: MAX_HOPS, place: MAX_PLACE, isTooMany: false },
  { hops: MAX_HOPS + 1, place: 1, isTooMany: false },
  { hops: 0, place: MAX_PLACE + 1, isTooMany: false },
  { hops: 0, place: 1, isTooMany: true },
];
const VERDICTS: readonly Verdict[] = ['trusted', 'blocked', 'undecided'];
const RULES: readonly InboundRule[] = ['accept', 'hold', 'refuse', 'parity'];

function* allCases(): Generator<Case> {
  for (const verdict of VERDICTS)
    for (const rule of RULES)
      for (const sender of [...PERMISSION_CLASSES, undefined])
        for (const own of PERMISSION_CLASSES)
          for (const attention of ATTENTION_LEVELS)
            for (const accepted of [true, false])
              for (const answersOwnQuery of [true, false])
                for (const storm of STORMS)
                  for (const type of MESSAGE_TYPES)
                    yield {
                      verdict,
                      rule,
                      sender,
                      own,
                      attention,
                      accepted,
                      answersOwnQuery,
                      ...storm,
                      type,
                    };
}

function decisionIn(facts: Case): ReturnType<typeof decide> {
  const { sender, own, accepted, type, hops, place, ...rest } = facts;
  const { content, ...envelope } = message({
    type,
    metadata: sender === undefined ? {} : { permissionClass: sender },
    ...(hops === undefined ? {} : { hops }),
    ...(place === undefined ? {} : { place }),
  });
  const pending: PendingMessage = { ...envelope, accepted, arrivedMs: 0, contentBytes: content.length };
  const gate: GateFacts = { ...rest, ownClass: own, limits: LIMITS };
  return decide(pending, gate);
}

/** What the rules say, the first one that fits. */
const RULES_IN_ORDER: readonly [fits: (facts: Case) => boolean, kind: Kind][] = [
  [({ verdict }) => verdict === 'blocked', 'refuse'],
  [({ accepted }) => accepted, 'pass'],
  [({ answersOwnQuery }) => answersOwnQuery, 'pass'],
  [({ hops = 0 }) => hops > MAX_HOPS, 'refuse'],
  [({ place = 1 }) => place > MAX_PLACE, 'refuse'],
  [({ isTooMany }) => isTooMany, 'refuse'],
  [({ attention }) => attention === 'closed', 'hold'],
  [({ verdict }) => verdict === 'trusted', 'pass'],
  [({ rule }) => rule === 'accept', 'pass'],
  [({ rule }) => rule === 'refuse', 'refuse'],
  [({ rule }) => rule === 'hold', 'hold'],
  [({ sender, own }) => sender === own, 'pass'],
  [() => true, 'hold'],
];

const PLAIN: Case = {
  verdict: 'undecided',
  rule: 'parity',
  sender: 'asks',
  own: 'asks',
  attention: 'open',
  accepted: false,
  answersOwnQuery: false,
  hops: 0,
  place: 1,
  isTooMany: false,
  type: 'query',
};

suite('the gate', () => {
  test('[S2] decides every combination of verdict, rule, classes, attention, acceptance and own answers', () => {
    let cases = 0;
    for (const facts of allCases()) {
      const expected = RULES_IN_ORDER.find(([fits]) => fits(facts))?.[1];
      assert.equal(decisionIn(facts).kind, expected, JSON.stringify(facts));
      cases += 1;
    }
    assert.equal(cases, 3 * 4 * 3 * 2 * 3 * 2 * 2 * STORMS.length * MESSAGE_TYPES.length);
  });

  test('[S2] holds a sender of the other permission class, and one that does not say which it has', () => {
    assert.equal(decisionIn(PLAIN).kind, 'pass');
    assert.equal(decisionIn({ ...PLAIN, sender: 'bypasses' }).kind, 'hold');
    assert.equal(decisionIn({ ...PLAIN, own: 'bypasses' }).kind, 'hold');
    assert.equal(decisionIn({ ...PLAIN, sender: undefined }).kind, 'hold');
    assert.equal(decisionIn({ ...PLAIN, sender: undefined, own: 'bypasses' }).kind, 'hold');
  });

  test('[S2] lets nothing of a blocked peer through, not even an accepted message or the answer to a question', () => {
    const blocked = {
      ...PLAIN,
      verdict: 'blocked',
      accepted: true,
      answersOwnQuery: true,
      rule: 'accept',
    } as const;
    assert.equal(decisionIn(blocked).kind, 'refuse');
  });

  test('a closed seat still gets the answers to its own questions, and what the person let through', () => {
    const closed = { ...PLAIN, attention: 'closed', verdict: 'trusted' } as const;
    assert.equal(decisionIn(closed).kind, 'hold');
    assert.equal(decisionIn({ ...closed, answersOwnQuery: true }).kind, 'pass');
    assert.equal(decisionIn({ ...closed, accepted: true }).kind, 'pass');
  });

  test('says to the sender why, each reason with what it rests on', () => {
    const reasonIn = (facts: Case): string => {
      const decision = decisionIn(facts);
      return decision.kind === 'pass' ? '' : decision.reason;
    };
    assert.match(reasonIn({ ...PLAIN, verdict: 'blocked' }), /has blocked this peer/);
    assert.match(reasonIn({ ...PLAIN, attention: 'closed' }), /attention closed/);
    assert.match(reasonIn({ ...PLAIN, hops: 99 }), /message 99 of a chain .* at most 6/);
    assert.match(reasonIn({ ...PLAIN, rule: 'refuse' }), /crossSessionInbound: refuse/);
    assert.match(reasonIn({ ...PLAIN, rule: 'hold' }), /crossSessionInbound: hold/);
    assert.match(
      reasonIn({ ...PLAIN, own: 'bypasses' }),
      /sender asks before it acts and the receiver skips permissions/,
    );
    assert.match(
      reasonIn({ ...PLAIN, sender: 'bypasses' }),
      /sender skips permissions and the receiver asks/,
    );
    assert.match(reasonIn({ ...PLAIN, sender: undefined }), /does not say whether it asks/);
  });
});
