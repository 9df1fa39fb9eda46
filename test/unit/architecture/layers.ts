/** What one folder of `src` may import besides itself: folders of `src`, or single files of them. */
export type Layers = Readonly<Record<string, readonly string[]>>;

const BELOW_MAILBOX = ['lib', 'protocol', 'config'];
const BELOW_TASKS = ['supervisor', 'agents/agent.ts', ...BELOW_MAILBOX];
const FRONT_DOOR = ['client', 'attendant', 'packages', ...BELOW_MAILBOX];
const ALL_BUT_FRONT_DOORS = [
  'lib',
  'protocol',
  'config',
  'mailbox',
  'directory',
  'delivery',
  'packages',
  'agents',
  'supervisor',
  'tasks',
  'relay',
  'attendant',
  'client',
];

/** The arrows of the architecture. A folder that is not in this table is an error, also where it is imported. */
export const LAYERS: Layers = {
  lib: [],
  protocol: ['lib'],
  config: ['protocol', 'lib'],
  mailbox: BELOW_MAILBOX,
  directory: ['mailbox', ...BELOW_MAILBOX],
  delivery: ['protocol', 'lib'],
  packages: ['protocol', 'lib'],
  agents: ['protocol', 'lib'],
  supervisor: ['agents/agent.ts', ...BELOW_MAILBOX],
  tasks: BELOW_TASKS,
  relay: ['mailbox', 'directory', ...BELOW_MAILBOX],
  client: ['mailbox', 'directory', 'packages', ...BELOW_MAILBOX],
  attendant: ['directory', 'mailbox', 'delivery', 'packages', 'client', ...BELOW_MAILBOX],
  installer: ['client', 'directory', 'mailbox', 'delivery', ...BELOW_MAILBOX],
  daemon: [...ALL_BUT_FRONT_DOORS, 'mcp'],
  demo: ['testing', 'client', 'directory', 'mailbox', ...BELOW_MAILBOX],
  cli: ['installer', 'demo', ...FRONT_DOOR],
  mcp: FRONT_DOOR,
  hooks: FRONT_DOOR,
  testing: [...ALL_BUT_FRONT_DOORS, 'daemon'],
  'index.ts': [...ALL_BUT_FRONT_DOORS, 'daemon'],
};

/**
 * Folders that hold adapters of one port, with the files that all of them may use. Everything else in such a folder,
 * file or subfolder, is one adapter and imports no other one.
 */
export const ADAPTER_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  delivery: ['delivery.ts'],
  agents: ['agent.ts'],
  relay: ['relay.ts'],
};
