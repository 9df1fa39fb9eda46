import type { ClientContext } from '../client/client-context.ts';
import { awaitPrompt, promptHistory, sendPrompt } from '../client/sessions/prompts.ts';
import {
  deleteSession,
  listSessions,
  resumeSession,
  sessionStatus,
  spawnSession,
} from '../client/sessions/sessions.ts';
import type { ToolContext } from '../tools/define-tool.ts';
import { WORKER_TOOLS, type WorkerUseCases } from '../tools/worker-tools.ts';

/** Does what a tool for managed sessions asks; undefined for a tool that is none of them. */
export async function callWorkerTool(
  context: ClientContext,
  { name, input, call }: { name: string; input: unknown; call: ToolContext },
): Promise<string | undefined> {
  return await WORKER_TOOLS.find((tool) => tool.name === name)?.call(workersOf(context), input, call);
}

/** The use cases of the daemon's API. */
function workersOf(context: ClientContext): WorkerUseCases {
  return {
    projectDir: context.config.projectDir,
    spawn: async (wanted) => await spawnSession(context, wanted),
    give: async (session, prompt) => await sendPrompt(context, session, prompt),
    settled: async (id, wait) => await awaitPrompt(context, id, wait),
    list: async (options) => await listSessions(context, options),
    status: async (session) => await sessionStatus(context, session),
    lastPrompt: async (session) => (await promptHistory(context, session, { limit: 1 }))[0],
    resume: async (session) => await resumeSession(context, session),
    remove: async (session, options) => await deleteSession(context, session, options),
  };
}
