import type { ArgumentSpec } from '../command.ts';

export const PEER: ArgumentSpec = { name: 'peer', summary: 'an id, a name, or name@machine' };
export const MESSAGE_ID: ArgumentSpec = {
  name: 'message-id',
  summary: 'the id of a message, "msg-" and twelve letters or digits',
};
export const SESSION: ArgumentSpec = { name: 'session', summary: 'a managed session: its name or id' };
