import { EventEmitter, once } from 'node:events';
import { query, type SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import { Channel } from '../../src/lib/channel.ts';
import type { CleanHome, ModelSession } from '../../src/testing/index.ts';

/** A `claude` that the Agent SDK drives in this process, with nothing of ours around it. */
export interface SdkAlone {
  turn(text: string): Promise<void>;
  stop(): void;
}

export function startSdkAlone({
  home,
  model,
  cwd,
  claude,
  asks = false,
}: {
  home: CleanHome;
  model: ModelSession;
  cwd: string;
  claude: string;
  /** Whether it asks about every call, and is told at once that it may be made. */
  asks?: boolean;
}): SdkAlone {
  const input = new Channel<SDKUserMessage>();
  const results = new EventEmitter();
  const session = query({
    prompt: input,
    options: {
      cwd,
      env: home.env(model.env),
      pathToClaudeCodeExecutable: claude,
      settingSources: ['user', 'project', 'local'],
      systemPrompt: { type: 'preset', preset: 'claude_code' },
      ...(asks && {
        hooks: {
          PreToolUse: [
            {
              hooks: [
                async () => ({
                  hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'ask' },
                }),
              ],
            },
          ],
        },
        canUseTool: async (_, updatedInput) => ({ behavior: 'allow', updatedInput }),
      }),
    },
  });
  const follow = async (): Promise<void> => {
    for await (const message of session) if (message.type === 'result') results.emit('result', message);
  };
  follow().catch((error: unknown) => results.emit('error', error));
  return {
    async turn(text) {
      const result = once(results, 'result', { signal: AbortSignal.timeout(120_000) });
      input.push({ type: 'user', message: { role: 'user', content: text }, parent_tool_use_id: null });
      await result;
    },
    stop() {
      // Who is stopped says so as an error.
      results.on('error', () => undefined);
      input.close();
      session.close();
    },
  };
}
