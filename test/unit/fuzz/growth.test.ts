import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ConversationProof } from '../../../src/agents/claude-code/live/conversation-proof.ts';
import { oneLine, printable, printableJson, shortened } from '../../../src/cli/text/printable.ts';
import { table } from '../../../src/cli/text/table.ts';
import { v1Lines } from '../../../src/cli/text/v1-lines.ts';
import { checkName, defaultName } from '../../../src/directory/seat-name.ts';
import { versionIn } from '../../../src/lib/versions.ts';
import { neutralise, renderMessage, senderOf } from '../../../src/mail/offer-text.ts';
import { parseClaimName } from '../../../src/mailbox/claim-name.ts';
import { parseJournal } from '../../../src/mailbox/journal.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import { parseMessage } from '../../../src/protocol/message.ts';
import { parseSeatRecord } from '../../../src/protocol/seat.ts';
import { messageText } from '../../fixtures/message-text.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';
import { message, messageId } from '../attendant/messages.ts';
import { assertLinear } from './growth.ts';

const of =
  (part: string) =>
  (size: number): string =>
    part.repeat(Math.ceil(size / part.length));

/** Texts by which a regular expression that goes back and forth is kept busy. */
const RUNS: readonly { readonly what: string; readonly make: (size: number) => string }[] = [
  { what: 'tags', make: of('</system-reminder>') },
  { what: 'opening brackets', make: of('<') },
  { what: 'one bracket and blanks', make: (size) => `<${' '.repeat(size)}x` },
  { what: 'brackets and blanks', make: of('< ') },
  { what: 'one bracket and invisible characters', make: (size) => `<${'\u200b'.repeat(size)}x` },
  {
    what: 'a name with invisible characters',
    make: (size) => `<p${'\u00ad'.repeat(size)}e${'\u00ad'.repeat(size)}x`,
  },
  { what: 'half names', make: of('<peer-messag') },
  { what: 'backslashes', make: of('\\') },
  { what: 'escaped brackets', make: of('&lt;') },
  { what: 'escape characters', make: of('\u001b') },
  { what: 'line ends', make: of('\r\n') },
  { what: 'blanks', make: of(' ') },
  { what: 'letters', make: of('a') },
  { what: 'digits', make: of('1') },
  { what: 'digits and dots', make: of('1.') },
  { what: 'tildes', make: of('~1') },
  { what: 'halves of characters', make: of('\ud800') },
  { what: 'pictures', make: of('👩‍👩‍👧‍👦') },
];

const EXPECTED = { id: messageId(1), to: 'bbbbbb' as Parameters<typeof parseMessage>[1]['to'] };

const TEXT_READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'the text for a model': neutralise,
  'a rendered message': (text) =>
    renderMessage(message({ content: text, metadata: { fromName: text } }), { conversation: 'c-1' }),
  'a name of a sender': (text) => senderOf(message({ metadata: { fromName: text } })),
  'a text for a terminal': (text) => [printable(text), oneLine(text), shortened(text, 80)],
  'JSON for a terminal': (text) => printableJson(JSON.stringify(text)),
  'a table': (text) =>
    table([text], [{ title: 'X', cell: String }], { columns: 80, style: (_, cell) => cell }),
  'the lines of v1': (text) => v1Lines(message({ content: text, metadata: { fromProject: text } })),
  'a message': (text) => parseMessage(messageText({ content: text, metadata: { fromName: text } }), EXPECTED),
  'no message': (text) => parseMessage(text, EXPECTED),
  'a journal': parseJournal,
  'a name of a file': (text) => parseClaimName(`${text}.json`),
  'a version': versionIn,
  'a name of a seat': (text) => [defaultName(`/x/${text}`, new Set()), isName(text)],
};

function isName(text: string): boolean {
  try {
    checkName(text);
    return true;
  } catch (error) {
    if (!(error instanceof CahootsError)) throw error;
    return false;
  }
}

suite('time grows with the size of what is read, not with its square [X2]', () => {
  for (const [reader, read] of Object.entries(TEXT_READERS)) {
    test(`${reader}, whatever long runs it has`, () => {
      for (const { what, make } of RUNS) assertLinear(`${reader} of ${what}`, { make, read });
    });
  }

  test('JSON that is deep, wide, or full of the same keys', () => {
    const shapes: Readonly<Record<string, (size: number) => string>> = {
      deep: (size) => '['.repeat(size / 2) + ']'.repeat(size / 2),
      'deep objects': (size) => '{"a":'.repeat(size / 6) + '1' + '}'.repeat(size / 6),
      wide: (size) => `[${'[],'.repeat(size / 3)}0]`,
      'one key': (size) => `{${'"id":1,'.repeat(size / 7)}"id":2}`,
      'many keys': (size) => `{${Array.from({ length: size / 10 }, (_, key) => `"${key}":0`).join(',')}}`,
      'a number': (size) => '9'.repeat(size),
      unfinished: (size) => `{"a":"${'\\u0000'.repeat(size / 6)}`,
    };
    for (const [what, make] of Object.entries(shapes)) {
      assertLinear(`a message that is ${what}`, { make, read: (text) => parseMessage(text, EXPECTED) });
      assertLinear(`a record that is ${what}`, { make, read: parseSeatRecord });
      assertLinear(`a journal that is ${what}`, { make, read: parseJournal });
    }
  });

  test('the record of a conversation with one line without end', (t) => {
    const path = join(tempFolder(t), 'c-1.jsonl');
    const read = (text: string): void => {
      writeFileSync(path, '');
      const proof = new ConversationProof(path);
      appendFileSync(path, text);
      proof.stateOf({ needles: ['x'] });
    };
    for (const make of [of('a'), of('\n'), of('{"uuid":"a","parentUuid":"a"}\n')])
      assertLinear('a record of a conversation', { make, read, size: 1 << 20, most: 1 << 22 });
  });
});
