/** What one folder of `src` may import besides itself: folders of `src`, or single files of them. */
export type Layers = Readonly<Record<string, readonly string[]>>;

const BASE = ['lib', 'protocol', 'config'];
const MAIL = ['mail', 'directory', 'mailbox', ...BASE];
const PORTS = ['agents/agent.ts', 'agents/live-host.ts', 'agents/wake-path.ts', 'agents/proof.ts'];
/** What the program that runs managed sessions is made of. */
const ENGINES = [
  'tools',
  'attendant',
  'supervisor',
  'permissions',
  'tasks',
  'relay',
  'agents',
  'manifests',
  'daemon-link',
  ...MAIL,
];

/** The arrows of the architecture. A folder that is not in this table is an error, also where it is imported. */
export const LAYERS: Layers = {
  lib: [],
  protocol: ['lib'],
  config: ['protocol', 'lib'],
  mailbox: BASE,
  directory: ['mailbox', ...BASE],
  mail: ['directory', 'mailbox', ...BASE],
  manifests: ['protocol', 'lib'],
  agents: ['protocol', 'lib'],
  permissions: BASE,
  supervisor: ['agents/agent.ts', 'permissions', ...BASE],
  tasks: ['supervisor', 'agents/agent.ts', 'permissions', ...BASE],
  relay: ['mailbox', 'directory', ...BASE],
  attendant: [...PORTS, 'manifests', ...MAIL],
  tools: ['attendant', 'manifests', ...MAIL],
  'daemon-link': BASE,
  client: ['daemon-link', 'manifests', ...MAIL],
  installer: ['client', 'agents', ...MAIL],
  daemon: ENGINES,
  demo: ['testing', 'client', ...MAIL],
  cli: ['installer', 'demo', 'client', 'attendant', 'manifests', ...BASE],
  mcp: ['tools', 'attendant', 'agents', 'client', 'manifests', ...MAIL],
  hooks: ['agents', ...BASE],
  testing: [...ENGINES, 'client', 'daemon'],
  'index.ts': [...ENGINES, 'client', 'daemon'],
};

/**
 * Folders that hold adapters of one port, with the files that all of them may use. Everything else in such a folder,
 * file or subfolder, is one adapter and imports no other one.
 */
export const ADAPTER_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  agents: ['agent.ts', 'live-host.ts', 'wake-path.ts', 'proof.ts'],
  relay: ['relay.ts'],
};
