import type { CommandSpec } from './command.ts';
import { accept } from './commands/accept.ts';
import { ask } from './commands/ask.ts';
import { attention } from './commands/attention.ts';
import { batch } from './commands/batch.ts';
import { block } from './commands/block.ts';
import { cancel } from './commands/cancel.ts';
import { cleanup } from './commands/cleanup.ts';
import { connect } from './commands/connect.ts';
import { daemon } from './commands/daemon.ts';
import { deleteCommand } from './commands/delete.ts';
import { demo } from './commands/demo.ts';
import { deny } from './commands/deny.ts';
import { doctor } from './commands/doctor.ts';
import { fork } from './commands/fork.ts';
import { history } from './commands/history.ts';
import { inbox } from './commands/inbox.ts';
import { interrupt } from './commands/interrupt.ts';
import { kill } from './commands/kill.ts';
import { list } from './commands/list.ts';
import { listen } from './commands/listen.ts';
import { log } from './commands/log.ts';
import { model } from './commands/model.ts';
import { output } from './commands/output.ts';
import { pause } from './commands/pause.ts';
import { peers } from './commands/peers.ts';
import { purge } from './commands/purge.ts';
import { rename } from './commands/rename.ts';
import { reply } from './commands/reply.ts';
import { resume } from './commands/resume.ts';
import { search } from './commands/search.ts';
import { send } from './commands/send.ts';
import { setup } from './commands/setup.ts';
import { show } from './commands/show.ts';
import { spawn } from './commands/spawn.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { trust } from './commands/trust.ts';
import { uninstall } from './commands/uninstall.ts';
import { watch } from './commands/watch.ts';
import { when } from './commands/when.ts';

/** Every command, in the order in which help and documentation show them. A new one is a file and a line here. */
export const COMMANDS: readonly CommandSpec[] = [
  ask,
  send,
  listen,
  reply,
  cancel,
  inbox,
  show,
  log,
  search,
  connect,
  peers,
  start,
  status,
  when,
  rename,
  stop,
  spawn,
  list,
  watch,
  output,
  history,
  interrupt,
  pause,
  resume,
  fork,
  kill,
  model,
  batch,
  deleteCommand,
  cleanup,
  daemon,
  accept,
  deny,
  trust,
  block,
  attention,
  setup,
  doctor,
  purge,
  uninstall,
  demo,
];
