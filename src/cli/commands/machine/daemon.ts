import type { DaemonStatus } from '../../../client/machine/daemon-control.ts';
import type { Call, CommandSpec } from '../../command.ts';
import { countOption } from '../../options/number-options.ts';
import { shortPath } from '../../text/short-path.ts';

const ACTIONS = ['start', 'stop', 'status', 'logs'] as const;

export const daemon: CommandSpec = {
  name: 'daemon',
  group: 'Managed sessions',
  summary: 'Look after the process in the background that runs managed sessions',
  details: [
    'It starts by itself with the first command that needs it, and ends by itself when nothing has run for a while. stop ends it, and waits until it is gone; while sessions run it needs --force, which stops them in order. status starts nothing. logs prints the end of its log, and with --follow what comes then.',
  ],
  arguments: [{ name: 'action', summary: 'what to do', choices: ACTIONS }],
  options: [
    { name: 'force', summary: 'with stop: stop the sessions, too' },
    { name: 'follow', summary: 'with logs: go on as lines come, until a signal ends it' },
    { name: 'limit', value: 'n', summary: 'with logs: how many lines', default: '50' },
  ],
  json: '{running, pid, version, sessions, watchers, socket, log}: sessions is how many have a process; pid, version, sessions and watchers are null when none runs; with logs one line for each entry: {at, level, event, pid, …}',
  example: `$ cahoots daemon status
The daemon runs (process 4711, version 0.1.0) with 2 sessions.
  socket  ~/.claude/session-bridge/daemon/daemon.sock
  log     ~/.claude/session-bridge/daemon/daemon.log`,
  exit: {
    4: 'with stop: it has not ended within a minute',
    5: 'with stop: sessions run, and --force was not given',
  },
  run: async (call) => {
    const { daemonStatus, startDaemon, stopDaemon } = await import('../../lazy/sessions.ts');
    const { context } = call;
    const limit = countOption(call, 'limit') ?? 1;
    switch (call.argument('action')) {
      case 'logs':
        await printLog(call, limit);
        return;
      case 'stop': {
        const stopped = await stopDaemon(context, { force: call.flag('force') });
        if (stopped === undefined) call.output.note('No daemon runs.');
        else call.output.note(`The daemon (process ${stopped.pid}) has ended.`);
        if (call.json) await print(call, shortPath, await daemonStatus(context));
        return;
      }
      case 'start':
        await print(call, shortPath, await startDaemon(context));
        return;
      default:
        await print(call, shortPath, await daemonStatus(context));
    }
  },
};

async function printLog(call: Call, limit: number): Promise<void> {
  const { daemonLog, daemonStatus, followDaemonLog } = await import('../../lazy/sessions.ts');
  const { place } = await daemonStatus(call.context);
  if (call.flag('follow')) {
    const { signal } = call;
    for await (const lines of followDaemonLog(place, { limit, signal }))
      await call.output.print(lines.join('\n'));
    return;
  }
  const lines = daemonLog(place, { limit });
  if (lines.length > 0) await call.output.print(lines.join('\n'));
  else call.output.note(`There is no log yet at ${place.log}`);
}

type ShortPath = (path: string, env: Call['context']['config']['env']) => string;

async function print(call: Call, shortPath: ShortPath, { place, health }: DaemonStatus): Promise<void> {
  if (call.json) {
    await call.output.printJson({
      running: health !== undefined,
      pid: health?.pid ?? null,
      version: health?.version ?? null,
      sessions: health?.running ?? null,
      watchers: health?.watchers ?? null,
      socket: place.socket,
      log: place.log,
    });
    return;
  }
  const sessions = health?.running === 1 ? '1 session' : `${health?.running ?? 0} sessions`;
  const head =
    health === undefined
      ? 'No daemon runs. It starts with the first command that needs it.'
      : `The daemon runs (process ${health.pid}, version ${health.version}) with ${sessions}.`;
  const { env } = call.context.config;
  await call.output.print(
    `${head}\n  socket  ${shortPath(place.socket, env)}\n  log     ${shortPath(place.log, env)}`,
  );
}
