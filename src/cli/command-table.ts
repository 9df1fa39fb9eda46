import type { CommandSpec } from './command.ts';
import { daemon } from './commands/machine/daemon.ts';
import { demo } from './commands/machine/demo.ts';
import { doctor } from './commands/machine/doctor.ts';
import { setup } from './commands/machine/setup.ts';
import { uninstall } from './commands/machine/uninstall.ts';
import { ask } from './commands/mail/ask.ts';
import { cancel } from './commands/mail/cancel.ts';
import { accept, deny } from './commands/mail/decide.ts';
import { inbox } from './commands/mail/inbox.ts';
import { listen } from './commands/mail/listen.ts';
import { log } from './commands/mail/log.ts';
import { purge } from './commands/mail/purge.ts';
import { reply } from './commands/mail/reply.ts';
import { search } from './commands/mail/search.ts';
import { send } from './commands/mail/send.ts';
import { show } from './commands/mail/show.ts';
import { attention } from './commands/seats/attention.ts';
import { connect } from './commands/seats/connect.ts';
import { peers } from './commands/seats/peers.ts';
import { rename } from './commands/seats/rename.ts';
import { start } from './commands/seats/start.ts';
import { status } from './commands/seats/status.ts';
import { stop } from './commands/seats/stop.ts';
import { block, trust } from './commands/seats/verdicts.ts';
import { when } from './commands/seats/when.ts';
import { batch } from './commands/sessions/batch.ts';
import { cleanup } from './commands/sessions/cleanup.ts';
import { deleteCommand } from './commands/sessions/delete.ts';
import { fork } from './commands/sessions/fork.ts';
import { history } from './commands/sessions/history.ts';
import { list } from './commands/sessions/list.ts';
import { model } from './commands/sessions/model.ts';
import { output } from './commands/sessions/output.ts';
import { resume } from './commands/sessions/resume.ts';
import { spawn } from './commands/sessions/spawn.ts';
import { interrupt, kill, pause } from './commands/sessions/steer.ts';
import { watch } from './commands/sessions/watch.ts';

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
