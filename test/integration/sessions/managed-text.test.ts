import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { sample } from 'fast-check';
import { literalPrompt } from '../../../src/agents/claude-code/literal-text.ts';
import { CahootsError } from '../../../src/protocol/errors.ts';
import {
  type ClaudeBinary,
  compareVersions,
  type JsonObject,
  type RecordedRequest,
  waitFor,
} from '../../../src/testing/index.ts';
import { liveSyntax, plantTargets, RUN_MARK, SECRET } from '../../fixtures/live-syntax.ts';
import { ManagedBench } from '../../fixtures/managed-bench.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

const SEED = 20_261_129;
const TEXTS = 24;

for (const binary of testedBinaries()) {
  suite(`managed sessions of claude ${binary.version}`, () => {
    test('a prompt reaches the model as its text, and nothing of any file with it, also when resumed and forked [FA1] [FA2] [X2]', async (t) => {
      const bench = await startBench(t, binary);
      await bench.spawn('worker', { preset: 'read-only' });
      for (const text of sample(liveSyntax(bench.home.home), { numRuns: TEXTS, seed: SEED }))
        await asPrompt(bench, 'worker', text);
      for (const text of ['/login page is broken: fix it', '/nosuch is what I mean', '/pwn', '/clear', '/'])
        await asPrompt(bench, 'worker', text);
      await bench.steer('worker', 'stop');
      await bench.steer('worker', 'resume');
      await asPrompt(bench, 'worker', `@~/.ssh/id_rsa resumed`);
      await bench.call('POST', '/v1/sessions/worker/fork', { name: 'copy' });
      await asPrompt(bench, 'copy', `/pwn @${join(bench.home.home, '.ssh', 'id_rsa')} forked`);
      assertNothingOpened(bench);
    });

    test('a prompt that was cut off by a kill is text again when the session goes on [FA1]', async (t) => {
      const bench = await startBench(t, binary);
      await bench.spawn('worker', { preset: 'read-only' });
      await bench.ask('worker', 'SAY first');
      await bench.give('worker', `HANG @~/.ssh/id_rsa /pwn`);
      await bench.model.waitForRequest(/HANG/);
      await bench.steer('worker', 'kill');
      await bench.steer('worker', 'resume');
      await asPrompt(bench, 'worker', 'and on with @.env');
      assertNothingOpened(bench);
    });

    test('a peer’s mail opens nothing and is answered [FA1] [X2]', async (t) => {
      const bench = await startBench(t, binary, [
        ({ prompt }) => (prompt.includes('peer-message') ? 'I have read it' : undefined),
      ]);
      await bench.spawn('worker', { preset: 'read-only' });
      await bench.spawn('asker', { preset: 'edit' });
      for (const text of [
        '@~/.ssh/id_rsa',
        `see\n@${join(bench.home.home, '.ssh', 'id_rsa')} and @.env`,
        ...sample(liveSyntax(bench.home.home), { numRuns: 4, seed: SEED + 1 }),
      ]) {
        const input = JSON.stringify({ peer: 'worker', question: text });
        const asked = await bench.ask('asker', `CALL mcp__cahoots__ask ${input}`);
        assert.match(asked.turn?.text ?? '', /I have read it/);
      }
      assertNothingOpened(bench);
    });

    test('what the model says to a subagent, and of a command in the background, opens nothing either [FA1]', async (t) => {
      const calls: readonly [string, Record<string, unknown>][] = [
        [
          'Agent',
          {
            description: 'x @~/.ssh/id_rsa y',
            prompt: 'look at @key.pem',
            subagent_type: 'general-purpose',
          },
        ],
        [
          'Agent',
          { description: 'later', prompt: 'go', subagent_type: 'general-purpose', run_in_background: true },
        ],
        [
          'Bash',
          { command: 'sleep 0.2; echo @.env', description: 'x @sub/notes.txt y', run_in_background: true },
        ],
        ['Bash', { command: 'sleep 0.2 # @.env', run_in_background: true }],
      ];
      const bench = await startBench(t, binary, [
        ({ kind }) => (kind === 'subagent' ? 'I am done, see @ünï.txt' : undefined),
        ({ prompt }) => {
          const [tool, input = {}] = calls[Number(/^NUMBER (\d)$/m.exec(prompt)?.[1] ?? Number.NaN)] ?? [];
          return tool && { tool, input };
        },
      ]);
      for (const index of calls.keys()) {
        const from = bench.model.requests.length;
        await bench.spawn(`worker-${index}`, { preset: 'full' });
        await bench.ask(`worker-${index}`, `NUMBER ${index}`);
        const tells = ({ turn: { newText, toolResults } }: RecordedRequest): boolean =>
          newText.includes('task-notification') || toolResults.some(({ text }) => text.includes('am done'));
        await bench.model.waitForRequest(tells, { from, timeoutMs: 20_000 });
      }
      assertNothingOpened(bench);
    });

    test('the text says once what was added to it, where something had to be; all other text is as it was written', async (t) => {
      const bench = await startBench(t, binary);
      await bench.spawn('worker', { preset: 'read-only' });
      const plain = 'npm i a@1.2.3, mail me@example.org, see src/a.ts:3 and `@scope/pkg`, then x = a/b';
      const [same] = await asPrompt(bench, 'worker', plain);
      assert.equal(same, plain);
      const [scoped = ''] = await asPrompt(bench, 'worker', 'install @scope/pkg\n@Injectable()\nclass A {}');
      assert.equal(
        scoped.replaceAll(/[\ufeff\u200b]/g, '').startsWith('install @scope/pkg\n@Injectable()\nclass A {}'),
        true,
      );
      const added = scoped.split('\ufeff').length - 1;
      assert.deepEqual(
        [added, scoped.split('(cahoots: ').length - 1],
        compareVersions(binary.version, '2.1.248') < 0 ? [2, 1] : [0, 0],
      );
    });

    test('a command of the agent is given by --command alone, judged by the preset, and refused where it is none [FA2]', async (t) => {
      const bench = await startBench(t, binary);
      const marksItsOwn = compareVersions(binary.version, '2.1.248') >= 0;
      const home = bench.home.project('without-commands');
      for (const preset of ['read-only', 'edit']) {
        await bench.spawn(preset, { preset, cwd: home });
        const { ended } = await command(bench, preset, '/context');
        assert.equal(ended?.outcome, 'completed');
        for (const [text, code] of [
          ['/init', 'command-denied'],
          ['/nosuch', 'command-unknown'],
          ['context', 'command-unknown'],
        ] as const)
          await refuses(bench, { session: preset, text, code });
      }
      const { cwd } = bench;
      writeFileSync(join(cwd, '.claude', 'commands', 'greet.md'), 'Greet $ARGUMENTS\n');
      writeFileSync(join(cwd, '.claude', 'commands', 'compact.md'), 'Look at @~/.ssh/id_rsa\n');
      writeFileSync(join(cwd, '.claude', 'commands', 'cost.md'), 'Look at @.env\n');
      await bench.spawn('worker', { preset: 'edit' });
      for (const text of ['/pwn', '/greet the team', '/greet "@~/.ssh/id_rsa"', '/cost'])
        await refuses(bench, { session: 'worker', text, code: 'command-denied' });
      if (marksItsOwn) await command(bench, 'worker', '/context');
      else await refuses(bench, { session: 'worker', text: '/compact', code: 'command-denied' });
      assertNothingOpened(bench);
      await bench.spawn('trusted', { preset: 'full' });
      const greeted = await command(bench, 'trusted', '/greet the team');
      assert.equal(greeted.ended?.outcome, 'completed');
      assert.match(bench.model.turns.at(-1)?.text ?? '', /Greet the team/);
      await command(bench, 'trusted', '/context');
    });

    test('a skill is denied, and nothing of its text is opened or run, by whatever words it is called [FA3] [D2]', async (t) => {
      const bench = await startBench(t, binary);
      const { cwd } = bench;
      const skill = (name: string, text: string): void => {
        mkdirSync(join(cwd, '.claude', 'skills', name), { recursive: true });
        writeFileSync(
          join(cwd, '.claude', 'skills', name, 'SKILL.md'),
          `---\nname: ${name}\ndescription: what ${name} does\nallowed-tools: Bash(*)\n---\n${text}\n`,
        );
      };
      skill('plain', 'Look at $0 and $ARGUMENTS.env');
      skill('runs', `Status: !\`touch ${RUN_MARK}\``);
      skill('opens', 'Look at @"x @~/.ssh/id_rsa " now');
      for (const preset of ['edit', 'read-only'] as const) {
        await bench.spawn(preset, { preset });
        for (const input of [
          { skill: 'plain', args: '"@~/.ssh/id_rsa"' },
          { skill: 'plain', args: '@' },
          { skill: 'runs' },
          { skill: 'opens' },
          { skill: 'pwn' },
        ]) {
          const { turn } = await bench.ask(preset, `CALL Skill ${JSON.stringify(input)}`);
          assert.equal(turn?.denials.length, 1, JSON.stringify(input));
        }
      }
      assertNothingOpened(bench);
    });

    test('what comes after the host has cleared the conversation is there after resume and in a fork [FA4] [D4]', async (t) => {
      const bench = await startBench(t, binary);
      const cwd = bench.home.project('without-commands');
      const { conversation: first } = await bench.spawn('worker', { preset: 'read-only', cwd });
      await bench.ask('worker', 'SAY before');
      assert.equal((await command(bench, 'worker', '/clear')).ended?.outcome, 'completed');
      await bench.ask('worker', 'SAY after');
      const { conversation, startedIn } = await bench.session('worker');
      assert.notEqual(conversation, first);
      assert.equal(startedIn, first);
      await bench.call('POST', '/v1/sessions/worker/fork', { name: 'copy' });
      assert.equal((await bench.ask('copy', 'RECALL')).turn?.text, 'SAY after\nRECALL');
      const cleared = await bench.session('worker');
      await waitFor(() => bench.seat(cleared).conversation === conversation, { what: 'the seat to follow' });
      await bench.steer('worker', 'stop');
      await bench.steer('worker', 'resume');
      assert.equal((await bench.ask('worker', 'RECALL')).turn?.text, 'SAY after\nRECALL');
      assert.equal((await bench.session('worker')).startedIn, undefined);
    });

    test('a session that has cleared its conversation leaves nothing when its daemon is killed [FA4] [D3]', async (t) => {
      const bench = await startBench(t, binary);
      await bench.spawn('worker', { preset: 'full' });
      await command(bench, 'worker', '/clear');
      await bench.give('worker', 'LOOP 1 touch started; sleep 300');
      await bench.exists('started');
      process.kill(await bench.startDaemon(), 'SIGKILL');
      await bench.home.waitUntilNothingRuns({ timeoutMs: 20_000 });
      await bench.startDaemon();
      assert.equal((await bench.session('worker')).state.state, 'interrupted');
    });
  });
}

type Lifetime = Parameters<typeof ManagedBench.start>[0];

async function startBench(
  t: Lifetime,
  { path: program }: ClaudeBinary,
  rules: NonNullable<Parameters<typeof ManagedBench.start>[1]['rules']> = [],
): Promise<ManagedBench> {
  const bench = await ManagedBench.start(t, { program, rules });
  plantTargets({ home: bench.home.home, cwd: bench.cwd });
  return bench;
}

/** Gives a text as a prompt, and returns what the model was given as it. */
async function asPrompt(bench: ManagedBench, session: string, text: string): Promise<string[]> {
  const from = bench.model.requests.length;
  const prompt = await bench.ask(session, text);
  assert.equal(prompt.ended?.outcome, 'completed', `${JSON.stringify(text)}: ${JSON.stringify(prompt)}`);
  const asked = bench.model.requests.slice(from).filter(({ kind }) => kind === 'main');
  assert.ok(asked.length > 0, `${JSON.stringify(text)} made no request`);
  const given = asked.flatMap(textsOf);
  const found = given.filter((block) => block === text || block === literalPrompt(text));
  assert.ok(found.length > 0, `${JSON.stringify(text)} is not in ${JSON.stringify(given.slice(-4))}`);
  return found;
}

function command(bench: ManagedBench, session: string, text: string) {
  return bench
    .call<{ id: string }>('POST', `/v1/sessions/${session}/prompts`, {
      text,
      from: 'the test',
      command: true,
    })
    .then((prompt) => bench.endOf(prompt));
}

async function refuses(
  bench: ManagedBench,
  { session, text, code }: { session: string; text: string; code: CahootsError['code'] },
): Promise<void> {
  await assert.rejects(command(bench, session, text), (error) => {
    assert.ok(error instanceof CahootsError);
    assert.equal(error.code, code, text);
    return true;
  });
}

function assertNothingOpened(bench: ManagedBench): void {
  const opened = bench.model.requests.find(({ text }) => text.includes(SECRET));
  assert.equal(opened?.text.slice(-2_000), undefined);
  assert.ok(!existsSync(join(bench.cwd, RUN_MARK)), 'a command was run');
}

function textsOf({ body }: RecordedRequest): string[] {
  const messages = body.messages as readonly JsonObject[];
  return messages.flatMap(({ role, content }) => {
    if (role !== 'user') return [];
    if (typeof content === 'string') return [content];
    return (content as readonly JsonObject[]).flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
  });
}
