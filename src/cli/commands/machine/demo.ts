import { join } from 'node:path';
import { version } from '../../../lib/version.ts';
import type { CommandSpec } from '../../command.ts';
import { packageRoot } from '../../package-root.ts';

export const demo: CommandSpec = {
  name: 'demo',
  group: 'This machine',
  summary: 'Watch real Claude Code sessions ask each other, and workers being led',
  details: [
    'Without an option the model is scripted and runs on this machine: no key, no cost, nothing leaves it, and a home of its own keeps your files out of it. It needs a claude binary and a pseudo-terminal beside cahoots (@anthropic-ai/claude-agent-sdk, @lydell/node-pty, @xterm/headless), which a clone of the project has after npm ci.',
  ],
  options: [{ name: 'live', summary: 'with the claude on your PATH, your own login and a real model' }],
  json: 'nothing: the demo is for people',
  example: `$ cahoots demo
  0.00 s  you to my-app: “Update our app to my-library v2 and fix what breaks.”

  0.57 s  my-app asks my-library: “We move from v1.4 to v2. What broke in your API …”
  0.58 s      delivered to my-library
  0.59 s      offered to my-library by inbox-socket`,
  exit: {},
  run: async (call) => {
    const { output, signal, context } = call;
    const options = {
      plugin: join(packageRoot(), 'plugin'),
      version,
      signal,
      print: async (line: string) => await output.printStyled(line),
    };
    if (call.flag('live')) {
      const { runLiveDemo } = await import('../../lazy/setup.ts');
      await runLiveDemo({ ...options, claude: 'claude', env: context.config.env });
    } else {
      const { runDemo } = await import('../../lazy/setup.ts');
      await runDemo(options);
    }
  },
};
