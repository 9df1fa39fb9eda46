import * as z from 'zod/mini';
import { parseJson } from '../../../protocol/json.ts';
import type { WorkStep } from '../../../protocol/work-step.ts';
import type { DoneWork } from '../../live-host.ts';

/**
 * The calls of a batch as `PostToolBatch` has them: what the model was given is `tool_response`, a text, for pictures a
 * list. A command that failed begins with `Exit code`, any other failed call with a tag (seen with 2.1.197, 2.1.329).
 */
const callsSchema = z.array(
  z.object({
    tool_name: z.string(),
    tool_input: z._default(
      z.object({
        command: z.optional(z.string()),
        file_path: z.optional(z.string()),
        content: z.optional(z.string()),
        old_string: z.optional(z.string()),
        new_string: z.optional(z.string()),
        edits: z.optional(z.array(z.object({ old_string: z.string(), new_string: z.string() }))),
      }),
      {},
    ),
    tool_response: z.unknown(),
  }),
);
type Call = z.infer<typeof callsSchema>[number];

/** Pictures and documents make a batch as large as this; no command and no edit of a manifest does. */
const MAX_BATCH_CHARACTERS = 2 * 1024 * 1024;
/** The host itself shows the model ten thousand characters of a command that failed. */
const MAX_OUTPUT_CHARACTERS = 65_536;
const MAX_CALLS = 100;
/** Quotes inside of a text are escaped in JSON: this stands only where a call of such a tool begins. */
const LOOKED_AT = /"tool_name":"(?:Bash|Edit|MultiEdit|Write)"/;

/** What a batch of tool calls, as JSON, has done; undefined for one in which nothing was run or changed. */
export function doneWork(calls: string): DoneWork | undefined {
  if (calls.length > MAX_BATCH_CHARACTERS || !LOOKED_AT.test(calls)) return undefined;
  return { steps: () => stepsIn(calls) };
}

function stepsIn(calls: string): WorkStep[] {
  const batch = parseJson(calls, callsSchema) ?? [];
  return batch.slice(0, MAX_CALLS).flatMap((call) => [...ofCommand(call), ...ofEdit(call)]);
}

function ofCommand({ tool_name, tool_input: { command = '' }, tool_response: output }: Call): WorkStep[] {
  if (tool_name !== 'Bash') return [];
  const hasFailed = typeof output === 'string' && /^Exit code \d+\n/.test(output);
  return [
    {
      kind: 'command',
      command,
      ...(hasFailed && { failedWith: output.slice(0, MAX_OUTPUT_CHARACTERS) }),
    },
  ];
}

function ofEdit({ tool_name, tool_input, tool_response }: Call): WorkStep[] {
  if (!/^(?:Edit|MultiEdit|Write)$/.test(tool_name)) return [];
  if (typeof tool_response === 'string' && tool_response.startsWith('<tool_use_error>')) return [];
  const { file_path: path = '', content = '', old_string = '', new_string = '', edits = [] } = tool_input;
  return [
    {
      kind: 'edit',
      path,
      before: [old_string, ...edits.map((edit) => edit.old_string)],
      after: [content, new_string, ...edits.map((edit) => edit.new_string)],
    },
  ];
}
