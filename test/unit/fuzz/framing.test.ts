import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { asyncProperty, constantFrom, option, property, record, string, tuple } from 'fast-check';
import { answerHook } from '../../../src/agents/claude-code/live/hooks.ts';
import type { Peer } from '../../../src/directory/peers.ts';
import {
  neutralise,
  PAGE_CHARACTERS,
  pageCount,
  renderMessage,
  renderOffer,
  renderPage,
} from '../../../src/mail/offer-text.ts';
import { MESSAGE_TYPES, type Message } from '../../../src/protocol/message.ts';
import { renderAsk, renderConnected, renderPeers, renderSent } from '../../../src/tools/render.ts';
import { message } from '../attendant/messages.ts';
import { check, checkLater } from './check.ts';
import { HOST_TAGS, hostileContent, hostileText } from './hostile-text.ts';

/** What the host puts into a file instead of the turn. */
const MAX_CONTEXT_CHARACTERS = 10_000;
const UNSAFE = /[^\P{Cc}\n\t]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const TAG = new RegExp(`<[\\s/]*(?:${HOST_TAGS.join('|')})`, 'giu');

/** The tags that a reader finds who overlooks what cannot be seen, in the order in which they stand. */
function tagsIn(text: string): string[] {
  const bare = text.replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\\]/gu, (character) =>
    /\s/.test(character) && character !== '\ufeff' ? ' ' : '',
  );
  return (bare.match(TAG) ?? []).map((tag) => tag.replace(/\s/g, '').toLowerCase());
}

const OWN_TAGS = ['<peer-message', '</peer-message'];

const anyMessage = record({
  type: constantFrom(...MESSAGE_TYPES),
  content: hostileContent,
  inReplyTo: constantFrom(null, 'msg-000000000009' as Message['id']),
  metadata: record(
    {
      fromName: hostileText,
      fromProject: hostileText,
      toConversation: hostileText,
      answeredBy: constantFrom('same' as const, 'newer' as const, 'fork' as const),
    },
    { requiredKeys: [] },
  ),
  repeat: constantFrom(0, 1, 7),
}).map((changes): Message => message(changes));

suite('what a model is given of a message', () => {
  test('whatever it says, it stands between one opening and one closing tag, and no other tag is in it [X2]', () => {
    check(
      property(anyMessage, option(hostileText, { nil: undefined }), (sent, askedBy) => {
        const block = renderMessage(sent, { conversation: 'c-1', askedBy });
        assert.deepEqual(tagsIn(block), OWN_TAGS);
        assert.ok(block.startsWith(`<peer-message id="${sent.id}" type="${sent.type}" from="`));
        assert.ok(block.endsWith('\n</peer-message>'));
        assert.match(block.slice(0, block.indexOf('\n')), /^<peer-message(?: [a-z-]+="[^"<>]*")+>$/);
        assert.doesNotMatch(block, UNSAFE);
        assert.ok(block.isWellFormed());
      }),
      600,
    );
  });

  test('an offer begins with our words, ends with them, and stays below what the host takes into a turn [X2]', () => {
    check(
      property(anyMessage, (sent) => {
        const offer = renderOffer([renderMessage(sent, { conversation: 'c-1' })], [sent]);
        assert.deepEqual(tagsIn(offer), OWN_TAGS);
        assert.match(offer, /^[\p{L}\p{N}._+@ \ufffd_-]*(?: \(aaaaaa\)|aaaaaa) [a-z ]+:\n\n<peer-message /u);
        assert.match(offer, /Then go on with your own task\.\)$/);
        assert.ok(offer.length < MAX_CONTEXT_CHARACTERS, `${offer.length} characters`);
        assert.doesNotMatch(offer, UNSAFE);
      }),
      300,
    );
  });

  test('an offer comes out of a hook as it went in [X2]', async () => {
    await checkLater(
      asyncProperty(anyMessage, async (sent) => {
        const context = renderOffer([renderMessage(sent, { conversation: 'c-1' })], [sent]);
        const answer: unknown = JSON.parse(await answerHook({ event: 'Stop' }, async () => ({ context })));
        assert.deepEqual(answer, {
          hookSpecificOutput: { hookEventName: 'Stop', additionalContext: context },
        });
      }),
      100,
    );
  });

  test('the pages of a long one hold all of it, each between its own tags [X2]', () => {
    check(
      property(hostileContent, hostileText, (content, name) => {
        const sent = message({ content, metadata: { fromName: name } });
        const pages = Array.from({ length: pageCount(content) }, (_, index) => renderPage(sent, index + 1));
        for (const page of pages) {
          assert.deepEqual(tagsIn(page), OWN_TAGS);
          assert.doesNotMatch(page, UNSAFE);
        }
        const bodies = pages.map((page) =>
          page.slice(page.indexOf('>\n') + 2, page.lastIndexOf('\n</peer-message>\n')),
        );
        // A tag that is cut by the end of a page is none on either of them.
        if (content.length <= PAGE_CHARACTERS) assert.equal(bodies.join(''), neutralise(content));
        else
          assert.equal(bodies.join('').replaceAll('&lt;', '<'), neutralise(content).replaceAll('&lt;', '<'));
      }),
      200,
    );
  });

  test('ordinary text is given as it was sent', () => {
    check(
      property(string({ unit: 'grapheme' }), (text) => {
        assert.equal(neutralise(text), text.replaceAll('\r\n', '\n'));
      }),
      200,
    );
  });

  test('to make a text harmless twice changes nothing more', () => {
    check(
      property(hostileContent, (text) => assert.equal(neutralise(neutralise(text)), neutralise(text))),
      300,
    );
  });
});

const anyPeer = record({
  name: hostileText,
  path: hostileText,
  machine: hostileText,
  about: hostileText,
  kind: constantFrom('live' as const, 'shell' as const, 'v1' as const),
  state: constantFrom('idle' as const, 'away' as const),
}).map((peer): Peer => ({ ...peer, id: 'cccccc' as Peer['id'], record: undefined }));

suite('what a model is told of peers', () => {
  test('their names, paths and reasons open no tag and stay on their lines [X2]', () => {
    check(
      property(anyPeer, anyPeer, hostileText, (one, other, reason) => {
        const id = 'msg-000000000001' as Message['id'];
        const list = renderPeers([one, other]);
        assert.equal(list.split('\n').length, 2);
        const outcomes = [
          list,
          renderAsk({
            id,
            peer: one,
            state: 'refused',
            reason,
            sinceMs: 0,
            end: { kind: 'settled', state: 'refused', reason },
          }),
          renderAsk({ id, peer: one, state: 'offered', reason, sinceMs: 0, end: { kind: 'timeout' } }),
          renderSent({ sent: message(), peer: one }),
          renderConnected({ peer: one, answered: true }),
        ];
        for (const text of outcomes) {
          assert.deepEqual(tagsIn(text), []);
          assert.doesNotMatch(text, UNSAFE);
          assert.ok(text.length < 2_000);
        }
        for (const text of outcomes.slice(1)) assert.doesNotMatch(text, /\n/);
      }),
      300,
    );
  });

  test('a subagent that gets the copy of an answer sees no tag in it [X2]', () => {
    check(
      property(tuple(hostileContent, hostileText), ([content, name]) => {
        const answer = message({ type: 'response', content, metadata: { fromName: name } });
        const peer: Peer = {
          id: answer.from,
          name,
          kind: 'v1',
          state: 'idle',
          path: '',
          machine: '',
          about: '',
          record: undefined,
        };
        const end = { kind: 'copy', message: answer } as const;
        const text = renderAsk({
          id: answer.id,
          peer,
          state: 'answered',
          reason: undefined,
          sinceMs: 0,
          end,
        });
        assert.deepEqual(tagsIn(text), []);
        assert.doesNotMatch(text, UNSAFE);
      }),
      150,
    );
  });
});
