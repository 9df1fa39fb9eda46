/** What kind of thing a tool does, as far as permissions go. */
export type ToolClass =
  | 'keep-books'
  | 'peers'
  | 'read'
  | 'write'
  | 'run'
  | 'delegate'
  | 'skill'
  | 'command'
  | 'web'
  | 'plan'
  | 'ask-person'
  | 'other';

/** The tools of Claude Code 2.1 by their names; those of an MCP server are not among them. */
export const TOOLS_OF_CLASS: Readonly<
  Record<Exclude<ToolClass, 'peers' | 'command' | 'other'>, readonly string[]>
> = {
  'keep-books': [
    'TodoWrite',
    'TodoRead',
    'TaskCreate',
    'TaskGet',
    'TaskList',
    'TaskUpdate',
    'TaskOutput',
    'TaskStop',
    'BashOutput',
    'KillShell',
    'KillBash',
    'ToolSearch',
    'ReportFindings',
    'EnterPlanMode',
  ],
  read: ['Read', 'Glob', 'Grep', 'LS', 'NotebookRead'],
  write: ['Edit', 'MultiEdit', 'Write', 'NotebookEdit'],
  run: ['Bash', 'Monitor'],
  delegate: ['Task', 'Agent'],
  skill: ['Skill', 'SlashCommand'],
  web: ['WebFetch', 'WebSearch'],
  plan: ['ExitPlanMode'],
  'ask-person': ['AskUserQuestion'],
};

/** Tools of ours by which a session speaks with others; none starts, delegates or approves anything. */
const PEER_TOOL = /^mcp__(cahoots|plugin_cahoots_bridge)__(peers|ask|reply|send|listen|inbox)$/;

const CLASS_OF: ReadonlyMap<string, ToolClass> = new Map(
  Object.entries(TOOLS_OF_CLASS).flatMap(([kind, tools]) =>
    tools.map((tool) => [tool, kind as ToolClass] as const),
  ),
);

/** The name under which a command of the agent is judged that a person gives to a session; no tool is called so. */
const COMMAND = 'command';

/** The class of a tool; `other` for one that is not known, which no preset but `full` permits. */
export function classOf(tool: string): ToolClass {
  if (tool === COMMAND) return 'command';
  return PEER_TOOL.test(tool) ? 'peers' : (CLASS_OF.get(tool) ?? 'other');
}

/** The keys of an input that name a file or folder, in the order in which they count. */
export const PATH_KEYS = ['file_path', 'notebook_path', 'path'] as const;
