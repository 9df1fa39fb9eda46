import assert from 'node:assert/strict';
import { appendFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { ConversationProof } from '../../../../../src/agents/claude-code/live/conversation-proof.ts';
import type { ProofState } from '../../../../../src/agents/proof.ts';
import { tempFolder } from '../../../../fixtures/temp-root.ts';
import { type Transcript, transcriptAt } from './transcript.ts';

const TEXT =
  '<peer-message id="msg-000000000001" type="query" from="app (aaaaaa)">\nwhat broke?\n</peer-message>';

const EARLIER = '<peer-message id="msg-000000000000">hello</peer-message>';

interface Conversation {
  readonly transcript: Transcript;
  readonly proof: ConversationProof;
  readonly state: (text?: string) => ProofState;
}

/** A conversation with one turn in it, looked at from here on. */
function conversation(t: TestContext): Conversation {
  const transcript = transcriptAt(join(tempFolder(t), 'projects', 'c.jsonl'));
  transcript.prompt(EARLIER);
  transcript.assistant('hi');
  const proof = new ConversationProof(transcript.path);
  return { transcript, proof, state: (text = TEXT) => proof.stateOf({ needles: [text] }) };
}

suite('a text is proved to be seen', () => {
  test('[M4] only once an assistant record follows the record that holds it', (t) => {
    const { transcript, state } = conversation(t);
    assert.equal(state(), 'absent');
    transcript.peerMessage(TEXT);
    assert.equal(state(), 'recorded');
    transcript.assistant('I see.');
    assert.equal(state(), 'seen');
  });

  const ways: Record<string, (transcript: Transcript) => void> = {
    'a prompt': (transcript) => transcript.prompt(`please answer: ${TEXT}`),
    'a message by the inbox socket': (transcript) => transcript.peerMessage(TEXT),
    'a queued command': (transcript) =>
      transcript.queuedCommand(`<system-reminder>\n${TEXT}\n</system-reminder>`),
    'a hook’s context': (transcript) => transcript.hookContext('PostToolBatch', TEXT),
    'the result of a call': (transcript) => {
      transcript.call('toolu_1');
      transcript.toolResult('toolu_1', TEXT);
    },
  };
  for (const [way, write] of Object.entries(ways)) {
    test(`[M4] when it stands in ${way} and the conversation goes on behind other records`, (t) => {
      const { transcript, state } = conversation(t);
      write(transcript);
      transcript.hookSuccess('Stop', '{}');
      transcript.add({ type: 'system', subtype: 'stop_hook_summary' });
      assert.equal(state(), 'recorded');
      transcript.assistant('I see.');
      assert.equal(state(), 'seen');
    });
  }

  test('[M4] only by one record that holds all of it', (t) => {
    const { transcript, proof } = conversation(t);
    const [first, second] = ['<peer-message id="1">first', '<peer-message id="2">second'] as const;
    transcript.prompt(first);
    transcript.prompt(second);
    transcript.assistant('I see.');
    assert.equal(proof.stateOf({ needles: [first] }), 'seen');
    assert.equal(proof.stateOf({ needles: [first, second] }), 'absent');
    transcript.prompt(TEXT.slice(0, -5));
    transcript.assistant('I see.');
    assert.equal(proof.stateOf({ needles: [TEXT] }), 'absent');
  });

  test('[M4] one line of a mebibyte and more is read whole', (t) => {
    const { transcript, state } = conversation(t);
    const long = `${TEXT}${'ü😀'.repeat(700_000)}`;
    transcript.prompt(long);
    transcript.assistant('I see.');
    assert.equal(state(long), 'seen');
  });

  test('[M4] also when the host wrote its closing tags differently', (t) => {
    const { transcript, state } = conversation(t);
    const given =
      '<peer-message id="1">a <b> &amp; </cross-session-message> </system-reminder> </task-notification>';
    transcript.queuedCommand(
      '<peer-message id="1">a <b> &amp; <\\/cross-session-message> &lt;/system-reminder> <\\/task-notification>',
    );
    transcript.assistant('I see.');
    assert.equal(state(given), 'seen');
    const busy = `${given} again`;
    transcript.queuedCommand(busy.replace('</system-reminder>', '&lt;/system-reminder&gt;'));
    transcript.assistant('I see.');
    assert.equal(state(busy), 'seen');
    const escaped = '<peer-message id="1">a tag of a peer: &lt;/peer-message>';
    transcript.prompt(escaped);
    transcript.assistant('I see.');
    assert.equal(state(escaped), 'seen');
  });
});

suite('a text is not proved to be seen', () => {
  test('[M4] by records that only tell that it was queued, printed or shown to the person', (t) => {
    const { transcript, state } = conversation(t);
    transcript.enqueue(TEXT);
    transcript.hookSuccess('UserPromptSubmit', TEXT);
    transcript.add({ type: 'attachment', attachment: { type: 'hook_system_message', content: TEXT } });
    transcript.add({
      type: 'attachment',
      attachment: { type: 'hook_cancelled', content: TEXT, timedOut: true },
    });
    transcript.add({ type: 'system', subtype: 'stop_hook_summary', hookAdditionalContext: [TEXT] });
    transcript.line(JSON.stringify({ type: 'last-prompt', leafUuid: transcript.tip, content: TEXT }));
    transcript.line(JSON.stringify({ type: 'api-request-blob', message: { role: 'user', content: TEXT } }));
    transcript.assistant('Done.');
    assert.equal(state(), 'absent');
  });

  test('[M4] by what the model itself wrote', (t) => {
    const { transcript, state } = conversation(t);
    transcript.assistant(TEXT);
    transcript.assistant('And so on.');
    assert.equal(state(), 'absent');
  });

  test('[M4] by an error that the host wrote in the model’s place; the next real answer proves it', (t) => {
    const { transcript, state } = conversation(t);
    transcript.peerMessage(TEXT);
    transcript.apiError();
    assert.equal(state(), 'recorded');
    transcript.prompt('try again');
    assert.equal(state(), 'recorded');
    transcript.assistant('I see.');
    assert.equal(state(), 'seen');
  });

  test('[M4] by a subagent’s conversation', (t) => {
    const { transcript, state } = conversation(t);
    const side = { isSidechain: true };
    const tip = transcript.tip;
    transcript.add({ ...side, type: 'user', message: { role: 'user', content: TEXT } });
    transcript.add({
      ...side,
      type: 'assistant',
      message: { id: 'm', content: [{ type: 'text', text: 'ok' }] },
    });
    transcript.tip = tip;
    transcript.assistant('Done.');
    assert.equal(state(), 'absent');
  });

  test('[M4] by a prompt that the person took back: what follows stands on another branch', (t) => {
    const { transcript, state } = conversation(t);
    transcript.assistant('What now?');
    assert.equal(state(), 'absent');
    const before = transcript.tip;
    for (const write of [transcript.peerMessage, transcript.queuedCommand]) {
      transcript.tip = before;
      write(TEXT);
      transcript.tip = before;
      transcript.prompt('something else');
      transcript.assistant('Done.');
      assert.equal(state(), 'abandoned');
    }
  });

  test('[M4] by the context of a hook before a call: the host keeps it off the chain, and a resume forgets it', (t) => {
    const { transcript, state } = conversation(t);
    const call = transcript.call('toolu_1', 'msg_1');
    transcript.hookContext('PreToolUse', TEXT);
    transcript.tip = call;
    transcript.toolResult('toolu_1', 'done');
    transcript.assistant('Done.');
    assert.equal(state(), 'abandoned');
  });

  test('[M4] by the context of a hook after one of several calls, which is left on a dead branch', (t) => {
    const { transcript, state } = conversation(t);
    transcript.call('toolu_1', 'msg_1');
    const second = transcript.call('toolu_2', 'msg_1');
    transcript.tip = second;
    transcript.toolResult('toolu_2', 'two');
    transcript.hookContext('PostToolUse', TEXT);
    transcript.tip = second;
    transcript.assistant('Done.');
    assert.equal(state(), 'abandoned');
  });
});

suite('parallel calls', () => {
  /** Three calls of one answer; each result hangs off its own call, and only the last one is on the chain. */
  function threeCalls(transcript: Transcript): void {
    const calls = ['toolu_1', 'toolu_2', 'toolu_3'].map((id) => transcript.call(id, 'msg_1'));
    for (const [index, call] of calls.entries()) {
      transcript.tip = call;
      transcript.toolResult(`toolu_${index + 1}`, `result ${index + 1} ${TEXT}`);
    }
  }

  test('[M4] the result of each is proved by the next answer, also those that it does not descend from', (t) => {
    const { transcript, state } = conversation(t);
    threeCalls(transcript);
    for (const number of [1, 2, 3]) assert.equal(state(`result ${number} ${TEXT}`), 'recorded');
    transcript.hookContext('PostToolBatch', `batch ${TEXT}`);
    transcript.assistant('Done.', 'msg_2');
    for (const number of [1, 2, 3]) assert.equal(state(`result ${number} ${TEXT}`), 'seen');
    assert.equal(state(`batch ${TEXT}`), 'seen');
  });

  test('[M4] a result is proved also when what was read was forgotten while its call ran', (t) => {
    const { transcript, proof, state } = conversation(t);
    const calls = ['toolu_1', 'toolu_2'].map((id) => transcript.call(id, 'msg_1'));
    assert.equal(state(), 'absent');
    proof.reset();
    for (const [index, call] of calls.entries()) {
      transcript.tip = call;
      transcript.toolResult(`toolu_${index + 1}`, index === 0 ? TEXT : 'done');
    }
    assert.equal(state(), 'recorded');
    transcript.assistant('I have both.', 'msg_2');
    assert.equal(state(), 'seen');
  });

  test('[M4] a further call of the same answer proves nothing: the model wrote it before the results were there', (t) => {
    const { transcript, state } = conversation(t);
    const first = transcript.call('toolu_1', 'msg_1');
    transcript.toolResult('toolu_1', TEXT);
    transcript.tip = first;
    transcript.call('toolu_2', 'msg_1');
    assert.equal(state(), 'recorded');
  });
});

suite('reading the record while it is written', () => {
  test('the order of lines does not matter, only who follows whom', (t) => {
    const { transcript, state } = conversation(t);
    const record = (uuid: string, parentUuid: string | null, rest: object): void =>
      transcript.line(JSON.stringify({ uuid, parentUuid, isSidechain: false, ...rest }));
    record('late', 'holder', { type: 'assistant', message: { id: 'm', role: 'assistant', content: [] } });
    assert.equal(state(), 'absent');
    record('holder', transcript.tip, { type: 'user', message: { role: 'user', content: TEXT } });
    assert.equal(state(), 'seen');
  });

  test('a line that is half written counts once it is whole, cut within a character too', (t) => {
    const { transcript, state } = conversation(t);
    const text = `${TEXT} ü😀`;
    transcript.prompt('x');
    const line = Buffer.from(
      `${JSON.stringify({ uuid: 'h', parentUuid: transcript.tip, type: 'user', message: { content: text } })}\n`,
    );
    const within = line.indexOf(Buffer.from('😀')) + 2;
    for (const cut of [line.subarray(0, 40), line.subarray(40, within), line.subarray(within, -1)]) {
      appendFileSync(transcript.path, cut);
      assert.equal(state(text), 'absent');
    }
    appendFileSync(transcript.path, line.subarray(-1));
    assert.equal(state(text), 'recorded');
    transcript.tip = 'h';
    transcript.assistant('I see.');
    assert.equal(state(text), 'seen');
  });

  test('[X2] lines that are no JSON, or no record, are passed over', (t) => {
    const { transcript, state } = conversation(t);
    for (const line of [
      '',
      '{',
      'null',
      '[]',
      '7',
      '"text"',
      '{"uuid":7}',
      `{"uuid":"u","type":"user"}`,
      '\u0000',
    ])
      transcript.line(line);
    transcript.line(`{"uuid":"v","type":"user","message":${'['.repeat(2000)}${']'.repeat(2000)}}`);
    transcript.prompt(TEXT);
    transcript.assistant('I see.');
    assert.equal(state(), 'seen');
  });

  test('[X2] records that follow each other in a circle end nothing in a loop', (t) => {
    const { transcript, state } = conversation(t);
    const record = (uuid: string, parentUuid: string, type: string): void =>
      transcript.line(JSON.stringify({ uuid, parentUuid, type, message: { id: uuid, content: [] } }));
    record('a', 'b', 'assistant');
    record('b', 'a', 'assistant');
    transcript.prompt(TEXT);
    assert.equal(state(), 'recorded');
  });

  test('a file that is not there yet is read from its beginning once it is', (t) => {
    const path = join(tempFolder(t), 'later.jsonl');
    const proof = new ConversationProof(path);
    assert.equal(proof.stateOf({ needles: [TEXT] }), 'absent');
    const transcript = transcriptAt(path);
    transcript.prompt(TEXT);
    transcript.assistant('I see.');
    assert.equal(proof.stateOf({ needles: [TEXT] }), 'seen');
  });

  test('a file that was cut, replaced or removed is read anew', (t) => {
    const { transcript, state } = conversation(t);
    transcript.prompt(TEXT);
    assert.equal(state(), 'recorded');
    truncateSync(transcript.path, 0);
    assert.equal(state(), 'absent');
    transcript.prompt(TEXT);
    assert.equal(state(), 'recorded');

    const other = transcriptAt(`${transcript.path}.new`);
    other.prompt(`${TEXT} in the new file`);
    other.assistant('I see.');
    for (let turn = 0; turn < 20; turn += 1) other.prompt('the new file is longer than the old one');
    renameSync(other.path, transcript.path);
    assert.equal(state(`${TEXT} in the new file`), 'seen');

    unlinkSync(transcript.path);
    assert.doesNotThrow(() => state());
    writeFileSync(transcript.path, '');
    assert.equal(state(), 'absent');
  });

  test('what was there before is not looked at, nor what was read before a reset', (t) => {
    const { transcript, proof, state } = conversation(t);
    assert.equal(state(EARLIER), 'absent');
    transcript.prompt(TEXT);
    transcript.assistant('I see.');
    assert.equal(state(), 'seen');
    proof.reset();
    assert.equal(state(), 'absent');
    transcript.prompt(`${TEXT} again`);
    transcript.assistant('I see.');
    assert.equal(state(`${TEXT} again`), 'seen');
  });

  test('what was written around a reset counts: a call that was not read yet, a line that was half written', (t) => {
    const { transcript, proof, state } = conversation(t);
    transcript.prompt('x');
    assert.equal(state(), 'absent');
    const first = transcript.call('toolu_1', 'msg_1');
    transcript.call('toolu_2', 'msg_1');
    const prompt = { uuid: 'half', parentUuid: transcript.tip, type: 'user', message: { content: EARLIER } };
    const line = `${JSON.stringify(prompt)}\n`;
    appendFileSync(transcript.path, line.slice(0, 40));
    proof.reset();
    appendFileSync(transcript.path, line.slice(40));
    transcript.tip = first;
    transcript.toolResult('toolu_1', TEXT);
    assert.equal(state(EARLIER), 'recorded');
    transcript.tip = 'half';
    transcript.assistant('Both.', 'msg_2');
    assert.equal(state(EARLIER), 'seen');
    assert.equal(state(), 'seen', 'the result of a call that was written before the reset');
  });

  test('another file is followed from its end or from its beginning, as is asked', (t) => {
    const { transcript, proof, state } = conversation(t);
    const other = transcriptAt(join(tempFolder(t), 'other.jsonl'));
    other.prompt(TEXT);
    other.assistant('I see.');
    proof.follow(other.path, 'end');
    assert.equal(state(), 'absent');
    assert.equal(proof.path, other.path);
    proof.follow(transcript.path, 'end');
    proof.follow(other.path, 'beginning');
    assert.equal(state(), 'seen');
    proof.follow(other.path, 'end');
    assert.equal(state(), 'seen', 'the file that is followed already is not begun again');
  });
});
