/**
 * Variables of a surrounding Claude Code session: its identity, its inbox with the key to it, its plugin's folders. A child
 * that had them would pass for that session.
 */
const OF_A_SESSION =
  /^(CLAUDECODE|CLAUDE_PID|CLAUDE_ENV_FILE|CLAUDE_PROJECT_DIR|CLAUDE_PLUGIN_\w+|AI_AGENT|CLAUDE_AGENT_SDK_\w+|CLAUDE_CODE_(SESSION_\w+|CHILD_SESSION|ENTRYPOINT|MESSAGING_\w+|EXECPATH|SSE_PORT|DISABLE_NONINTERACTIVE))$/;

/**
 * The environment for a session's process: what was given without what belongs to a surrounding session and without
 * npm's own variables.
 */
export function childEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const child: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || OF_A_SESSION.test(name) || name.startsWith('npm_')) continue;
    child[name] = value;
  }
  return child;
}
