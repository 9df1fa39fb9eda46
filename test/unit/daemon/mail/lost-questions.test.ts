import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { answerLostQuestions } from '../../../../src/daemon/mail/lost-questions.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import type { PromptRecord } from '../../../../src/protocol/managed-session.ts';
import { waitFor } from '../../../../src/testing/index.ts';
import { type ManagedDaemon, managedDaemon } from '../../../fixtures/managed-daemon.ts';

/** The prompts of the session as a daemon that came after a killed one would find them. */
async function lostPrompts({ prompts }: ManagedDaemon): Promise<PromptRecord[]> {
  return (await prompts('worker')).map((prompt) => ({
    ...prompt,
    ended: { outcome: 'dropped', reason: 'The daemon ended before its turn was over.' },
  }));
}

/** The same words from somebody else, who says that they are mail. */
function notFromMail(prompt: PromptRecord): PromptRecord {
  const { messages, ...forged } = prompt;
  assert.notEqual(messages, undefined);
  return { ...forged, from: 'mail', ended: { outcome: 'dropped', reason: 'This is forged.' } };
}

suite('a question that was lost with its daemon', () => {
  test('is answered with that, once, when the session had seen it [M3]', async (t) => {
    const bench = await managedDaemon(t, {
      script: function* () {
        yield { say: 'let me see' };
        yield 'hang';
      },
    });
    await bench.spawn('worker');
    const asked = bench.ask('worker', 'how long?');
    await waitFor(async () => (await bench.prompts('worker')).some(({ text }) => seen(bench, text)), {
      what: 'the question before the session',
    });
    const faults: unknown[] = [];
    const means = {
      config: bench.context.config,
      clock: systemClock,
      onFault: (error: unknown) => faults.push(error),
    };
    answerLostQuestions((await lostPrompts(bench)).map(notFromMail), means);
    answerLostQuestions(await lostPrompts(bench), means);
    const { response, sent } = await asked;
    assert.equal(
      response?.content,
      '(The session could not answer: The daemon ended before its turn was over.)',
    );
    answerLostQuestions(await lostPrompts(bench), means);
    assert.deepEqual(bench.states(sent.id).filter((state) => state === 'answered').length, 1);
    assert.deepEqual(faults, []);
  });

  test('stays in the mailbox when the session had not seen it, and is nothing of a person’s prompt [M1]', async (t) => {
    const bench = await managedDaemon(t, {
      script: function* () {
        yield 'hang';
      },
    });
    await bench.spawn('worker');
    const { sent } = await bench.ask('worker', 'how long?', 300);
    const means = { config: bench.context.config, clock: systemClock, onFault: assert.ifError };
    const own = (await lostPrompts(bench)).map(notFromMail);
    answerLostQuestions([...(await lostPrompts(bench)), ...own], means);
    assert.equal(bench.states(sent.id).includes('answered'), false);
  });
});

function seen({ states }: ManagedDaemon, text: string): boolean {
  const [, id = ''] = /<peer-message id="(msg-\w+)"/.exec(text) ?? [];
  return states(id).includes('seen');
}
