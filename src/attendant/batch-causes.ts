import { basename } from 'node:path';
import * as z from 'zod/mini';
import { type Installed, installedBy } from '../packages/install-command.ts';
import type { Registry } from '../packages/package-id.ts';
import { registryOfManifest } from '../packages/project-packages.ts';
import { parseJson } from '../protocol/json.ts';

/** What a call of a tool did that may have to do with a package of a peer. */
export type BatchCause =
  | {
      readonly kind: 'edit';
      readonly registry: Registry;
      /** The manifest or lock file. */
      readonly path: string;
      /** What is new in it. */
      readonly text: string;
    }
  | { readonly kind: 'install'; readonly installed: readonly Installed[] }
  | { readonly kind: 'failure'; readonly text: string };

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

/** The host itself shows the model ten thousand characters of a command that failed. */
const MAX_OUTPUT_CHARACTERS = 65_536;
const MAX_EDIT_CHARACTERS = 262_144;
const MAX_CALLS = 100;

/** What in a batch may concern a package; nothing for a text that is no batch. */
export function causesIn(calls: string): BatchCause[] {
  const batch = parseJson(calls, callsSchema) ?? [];
  return batch.slice(0, MAX_CALLS).flatMap((call) => [...ofCommand(call), ...ofEdit(call)]);
}

function ofCommand({ tool_name, tool_input, tool_response }: Call): BatchCause[] {
  if (tool_name !== 'Bash') return [];
  const installed = installedBy(tool_input.command ?? '');
  const hasFailed = typeof tool_response === 'string' && /^Exit code \d+\n/.test(tool_response);
  return [
    ...(installed.length > 0 ? [{ kind: 'install', installed } as const] : []),
    ...(hasFailed ? [{ kind: 'failure', text: tool_response.slice(0, MAX_OUTPUT_CHARACTERS) } as const] : []),
  ];
}

function ofEdit({ tool_name, tool_input, tool_response }: Call): BatchCause[] {
  if (!/^(?:Edit|MultiEdit|Write)$/.test(tool_name)) return [];
  if (typeof tool_response === 'string' && tool_response.startsWith('<tool_use_error>')) return [];
  const { file_path = '', content = '', old_string = '', new_string = '', edits = [] } = tool_input;
  const registry = registryOfManifest(basename(file_path));
  if (registry === undefined) return [];
  const after = [content, new_string, ...edits.map((edit) => edit.new_string)].flatMap(linesOf);
  const before = new Set([old_string, ...edits.map((edit) => edit.old_string)].flatMap(linesOf));
  const text = after.filter((line) => hasLongEntries(registry) || !before.has(line)).join('\n');
  return [{ kind: 'edit', registry, path: file_path, text: text.slice(0, MAX_EDIT_CHARACTERS) }];
}

/** Where a dependency takes several lines, the one with its name stays as it is when the version changes. */
function hasLongEntries(registry: Registry): boolean {
  return registry === 'maven' || registry === 'cargo';
}

/** Without a comma at their end, which comes and goes with the line after. */
function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.trim().replace(/,$/, ''));
}
