import type { Attendant } from '../attendant/attendant.ts';
import type { SessionTools } from '../attendant/session-tools.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { Tool, ToolContext } from './define-tool.ts';
import { MAIL_TOOLS } from './mail-tools.ts';
import { SEAT_TOOL } from './seat-tool.ts';

/** A call of one of our tools, as the host makes it. */
export interface CalledTool {
  readonly name: string;
  readonly input: unknown;
  /** The host's id of the call. */
  readonly toolUse: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The session behind the server: what its tools come to. */
export interface SessionCalls {
  /** Begins to attend the session. */
  start(): void;
  /** Does what a tool call asks and returns the text for the model. Throws {@link CahootsError}. */
  call(call: CalledTool): Promise<string>;
  /** Ends; may be called more than once. */
  close(): void;
}

/** The tools of a session itself. */
export const SESSION_TOOLS: readonly Tool<SessionTools>[] = [...MAIL_TOOLS, SEAT_TOOL];

/** Does what is asked by tools that are not the session's own; undefined for one that it does not know either. */
export type OtherTools = (name: string, input: unknown, context: ToolContext) => Promise<string | undefined>;

/** The calls of an attended session. */
export function callsOf(
  { attendant, tools }: { attendant: Attendant; tools: SessionTools },
  otherTools: OtherTools = () => Promise.resolve(undefined),
): SessionCalls {
  return {
    start: () => attendant.start(),
    close: () => attendant.close(),
    async call({ name, input, toolUse, signal }) {
      const isMain = toolUse === undefined || attendant.isMainCall(toolUse);
      const from = attendant.hasLeft ? undefined : attendant.seatId;
      const context = { signal, isMain, from };
      const own = SESSION_TOOLS.find((tool) => tool.name === name);
      const text =
        own === undefined ? await otherTools(name, input, context) : await own.call(tools, input, context);
      if (text !== undefined) return text;
      throw new CahootsError('usage', `There is no tool "${name}".`, {
        remedy: `The tools are: ${SESSION_TOOLS.map((tool) => tool.name).join(', ')}.`,
      });
    },
  };
}
