import type { CommandSpec } from './command.ts';
import { accept } from './commands/accept.ts';
import { ask } from './commands/ask.ts';
import { attention } from './commands/attention.ts';
import { block } from './commands/block.ts';
import { cancel } from './commands/cancel.ts';
import { connect } from './commands/connect.ts';
import { demo } from './commands/demo.ts';
import { deny } from './commands/deny.ts';
import { doctor } from './commands/doctor.ts';
import { inbox } from './commands/inbox.ts';
import { listen } from './commands/listen.ts';
import { log } from './commands/log.ts';
import { peers } from './commands/peers.ts';
import { purge } from './commands/purge.ts';
import { rename } from './commands/rename.ts';
import { reply } from './commands/reply.ts';
import { search } from './commands/search.ts';
import { send } from './commands/send.ts';
import { setup } from './commands/setup.ts';
import { show } from './commands/show.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { trust } from './commands/trust.ts';
import { uninstall } from './commands/uninstall.ts';
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
