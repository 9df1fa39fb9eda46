import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { array, boolean, integer, oneof, property, record, tuple } from 'fast-check';
import { ConversationProof } from '../../../src/agents/claude-code/live/conversation-proof.ts';
import { renderMessage } from '../../../src/mail/offer-text.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';
import { transcriptAt } from '../agents/claude-code/live/transcript.ts';
import { message } from '../attendant/messages.ts';
import { check } from './check.ts';
import { damaged, jsonText, mutated } from './hostile-json.ts';
import { hostileContent, hostileText } from './hostile-text.ts';

const RECORD = {
  parentUuid: null,
  isSidechain: false,
  uuid: 'another',
  type: 'user',
  message: { id: 'msg', role: 'user', content: [{ type: 'tool_result', content: 'x' }] },
  attachment: { type: 'queued_command', prompt: 'x' },
};

const anyLine = oneof(
  { weight: 3, arbitrary: mutated(RECORD) },
  { weight: 1, arbitrary: jsonText },
  hostileText,
);
const shown = (content: string, name: string, number: number): string =>
  renderMessage(message({ content, metadata: { fromName: name }, repeat: number }), { conversation: 'c-1' });

suite('the record of a conversation', () => {
  test('proves a text among whatever other lines, and only that one [M4] [X2]', (t) => {
    const path = join(tempFolder(t), 'c-1.jsonl');
    check(
      property(
        array(damaged(anyLine), { maxLength: 4 }),
        hostileContent,
        hostileText,
        boolean(),
        (lines, content, name, isShown) => {
          writeFileSync(path, '');
          const proof = new ConversationProof(path);
          const transcript = transcriptAt(path);
          const junk = (): void => {
            for (const line of lines)
              appendFileSync(path, Buffer.concat([Buffer.from('\n'), line, Buffer.from('\n')]));
          };
          const [block, other] = [shown(content, name, 0), shown(`${content}!`, name, 1)];
          junk();
          if (isShown) transcript.prompt(`words before\n${block}\nand after`);
          junk();
          const before = proof.stateOf({ needles: [block] });
          transcript.assistant('I see');
          assert.ok(isShown ? before !== 'absent' : before === 'absent');
          assert.equal(proof.stateOf({ needles: [block] }), isShown ? 'seen' : 'absent');
          assert.equal(proof.stateOf({ needles: [other] }), 'absent');
        },
      ),
      80,
    );
  });

  test('proves nothing of a message that another one quotes [M4]', (t) => {
    const path = join(tempFolder(t), 'c-1.jsonl');
    check(
      property(hostileText, hostileText, (content, name) => {
        writeFileSync(path, '');
        const proof = new ConversationProof(path);
        const transcript = transcriptAt(path);
        const block = shown(content, name, 0);
        for (const quote of [block, block.replaceAll('<', '&lt;'), block.replaceAll('</', '<\\/')])
          transcript.prompt(shown(quote, 'quoting', 0));
        transcript.assistant('I see');
        assert.equal(proof.stateOf({ needles: [block] }), 'absent');
      }),
      80,
    );
  });

  test('is read the same in whatever parts it is written [M4]', (t) => {
    const path = join(tempFolder(t), 'c-1.jsonl');
    const whole = join(tempFolder(t), 'whole.jsonl');
    check(
      property(
        record({ content: hostileContent, cuts: array(integer({ min: 1, max: 400 }), { maxLength: 12 }) }),
        ({ content, cuts }) => {
          for (const file of [path, whole]) writeFileSync(file, '');
          const proof = new ConversationProof(path);
          const transcript = transcriptAt(whole);
          const block = shown(content, 'app', 0);
          transcript.hookContext('Stop', block);
          transcript.assistant('I see');
          let rest: Buffer = readFileSync(whole);
          for (const cut of cuts) {
            appendFileSync(path, rest.subarray(0, cut));
            rest = rest.subarray(cut);
            proof.stateOf({ needles: [block] });
          }
          appendFileSync(path, rest);
          assert.equal(proof.stateOf({ needles: [block] }), 'seen');
        },
      ),
      60,
    );
  });

  test('that is no file, or is nested without end, is passed over [X2]', (t) => {
    const folder = tempFolder(t);
    const path = join(folder, 'c-1.jsonl');
    check(
      property(tuple(integer({ min: 1, max: 60_000 }), hostileText), ([depth, words]) => {
        const text = `<peer-message ${words}>`;
        writeFileSync(path, '');
        const proof = new ConversationProof(path);
        const deep = `${'['.repeat(depth)}${JSON.stringify(text)}${']'.repeat(depth)}`;
        appendFileSync(path, `{"uuid":"a","type":"user","message":{"content":${deep}}}\n`);
        appendFileSync(path, '{"uuid":"b","parentUuid":"a","type":"assistant"}\n');
        assert.equal(proof.stateOf({ needles: [`${text} `] }), 'absent');
        assert.equal(proof.stateOf({ needles: [text] }), 'seen');
      }),
      20,
    );
    const nowhere = new ConversationProof(folder);
    assert.equal(nowhere.stateOf({ needles: ['x'] }), 'absent');
  });
});
