import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { stopProcess } from '../../src/lib/stop-process.ts';
import { claudeCommand } from '../../src/testing/claude-launch.ts';
import type { ClaudeLaunch } from '../../src/testing/index.ts';
import { spawnClaude } from '../../src/testing/spawn-claude.ts';

/** A `claude` over its standard input and output, with nothing between. */
export interface BareClaude {
  readonly pid: number;
  /** Gives a prompt; resolves when the line with the result is read. */
  turn(text: string): Promise<void>;
  stop(): Promise<void>;
}

const STREAM = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose'];

/** Starts one. `onLine` is told every line the moment that it is read. */
export async function startBare(
  launch: ClaudeLaunch,
  { onLine = () => undefined }: { onLine?: (line: string) => void } = {},
): Promise<BareClaude> {
  const { child, pid, exited } = await spawnClaude(claudeCommand(launch, STREAM), {
    home: launch.home,
    stdin: 'pipe',
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('claude was started without pipes');
  child.stderr?.resume();
  const lines = createInterface({ input: stdout });
  lines.on('line', (line) => {
    onLine(line);
    if (line.includes('"type":"result"')) lines.emit('result', line);
  });
  return {
    pid,
    async turn(text) {
      const result = once(lines, 'result', { signal: AbortSignal.timeout(120_000) });
      stdin.write(`${JSON.stringify({ type: 'user', message: { role: 'user', content: text } })}\n`);
      const [line] = (await result) as [string];
      if (!line.includes('"subtype":"success"')) throw new Error(`${text}: ${line}`);
    },
    async stop() {
      await stopProcess({ pid, exited, ask: () => void stdin.end() });
    },
  };
}
