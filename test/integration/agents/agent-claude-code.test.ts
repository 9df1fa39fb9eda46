import { claudeCodeAgent } from '../../../src/agents/claude-code/managed/claude-code-agent.ts';
import {
  agentContract,
  createCleanHome,
  type ModelRule,
  startModelApi,
  when,
  whenToolResult,
} from '../../../src/testing/index.ts';
import { testedBinaries } from '../../fixtures/tested-binaries.ts';

/** Does what the prompts of the contract say. */
const obedient: readonly ModelRule[] = [
  when(/^SAY ([\s\S]*)$/, (_turn, [, text = '']) => text.trimEnd(), { in: 'prompt' }),
  when(/^RECALL$/, (turn) => promptsOf(turn.messages).join('\n'), { in: 'prompt' }),
  when(/^MODEL$/, ({ body }) => String(body.model), { in: 'prompt' }),
  when(/^HANG$/, { error: 'hang' }, { in: 'prompt' }),
  // The host repeats some refused requests in another form, which is no new text.
  (turn) => (/\bREFUSED\s*$/.test(promptsOf(turn.messages).at(-1) ?? '') ? { error: 400 } : undefined),
  when(/^(?:RUN|TWICE) ([\s\S]*)$/, (_turn, [, command = '']) => bash(command.trimEnd()), { in: 'prompt' }),
  when(
    /^READ ([\s\S]*)$/,
    (_turn, [, path = '']) => ({ tool: 'Read', input: { file_path: path.trimEnd() } }),
    {
      in: 'prompt',
    },
  ),
  whenToolResult('Bash', ({ messages, toolResults }) => {
    const [, verb, command = ''] = /^(RUN|TWICE) ([\s\S]*)$/.exec(promptsOf(messages).at(-1) ?? '') ?? [];
    const text = toolResults.map((result) => result.text).join('\n');
    const calls = JSON.stringify(messages.slice(lastPrompt(messages))).split('"tool_use"').length - 1;
    return verb === 'TWICE' && calls === 1 ? bash(command) : `RAN[${text}]`;
  }),
  whenToolResult('Read', ({ toolResults }) => `READ[${toolResults.map(({ text }) => text).join('\n')}]`),
];

for (const binary of testedBinaries()) {
  agentContract(`claude ${binary.version}`, async (t) => {
    const api = await startModelApi();
    const home = createCleanHome();
    t.after(async () => {
      await home.dispose();
      await api.close();
    });
    const model = api.session('managed', ...obedient);
    return {
      agent: claudeCodeAgent({ program: () => binary.path }),
      cwd: home.project('work'),
      env: home.env(model.env),
      tools: { run: 'Bash', read: 'Read' },
      crash: ({ pid }) => process.kill(pid, 'SIGKILL'),
      freeze: ({ pid }) => process.kill(pid, 'SIGSTOP'),
      left: async () =>
        (await home.liveProcesses()).map(({ pid, command }) => `${pid} ${command}`).join('\n'),
    };
  });
}

function bash(command: string) {
  return { tool: 'Bash', input: { command, description: 'a step of the test' } };
}

type Messages = readonly { readonly role?: unknown; readonly content?: unknown }[];

/** What a person said, of the conversation that a request carries. */
function promptsOf(messages: Messages): string[] {
  return messages.flatMap((message) => promptIn(message) ?? []);
}

function lastPrompt(messages: Messages): number {
  return messages.findLastIndex((message) => promptIn(message) !== undefined);
}

function promptIn({ role, content }: Messages[number]): string | undefined {
  if (role !== 'user') return undefined;
  const texts = typeof content === 'string' ? [content] : blocksOf(content);
  return texts
    .map((text) => text.trim())
    .find((text) => /^(SAY|RECALL|MODEL|HANG|REFUSED|RUN|TWICE|READ)\b/.test(text));
}

function blocksOf(content: unknown): string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: { type?: unknown; text?: unknown }) =>
    block.type === 'text' && typeof block.text === 'string' ? [block.text] : [],
  );
}
