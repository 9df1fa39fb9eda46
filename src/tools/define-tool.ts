import * as z from 'zod/mini';
import { CahootsError } from '../protocol/errors.ts';
import type { SeatId } from '../protocol/ids.ts';
import { describeIssues } from '../protocol/issues.ts';

/** Who calls a tool, and how it is called off. It comes from the host, never from an argument. */
export interface ToolContext {
  readonly signal: AbortSignal | undefined;
  /** Whether the main conversation calls, not a subagent. */
  readonly isMain: boolean;
  /** The seat that the session sits on; undefined when it has none. */
  readonly from: SeatId | undefined;
}

/** What of a tool is the same for every caller. */
export interface ToolFacts {
  readonly name: string;
  /** In the context of every session, so each word costs tokens: it says what the skill does not. */
  readonly description: string;
  /** In the context from the start; the others are named there and loaded when the model looks for them. */
  readonly alwaysLoad?: true;
  /** `freely`: a host lets the call through without asking its person. `asked`: the person is asked before each. */
  readonly caller: 'freely' | 'asked';
  /** A schema that refuses unknown keys; its descriptions are those that the model reads. */
  readonly input: z.ZodMiniType;
}

/** One tool: what the model sees of it, and what it does with the use cases that it is given. */
export interface Tool<Uses> extends ToolFacts {
  /** Does what the call asks, and returns the text for the model. Throws `usage` for other arguments than the declared ones. */
  call(uses: Uses, input: unknown, context: ToolContext): Promise<string>;
}

/** Makes tools for one kind of use cases. */
export function toolsFor<Uses>(): <Shape extends z.ZodMiniType>(
  facts: Omit<ToolFacts, 'input'> & {
    readonly input: Shape;
    readonly run: (uses: Uses, input: z.infer<Shape>, context: ToolContext) => string | Promise<string>;
  },
) => Tool<Uses> {
  return ({ run, ...facts }) => ({
    ...facts,
    call: async (uses, input, context) => await run(uses, parseInput(facts.input, input), context),
  });
}

/** The schema of an input with those keys and no others. */
export function inputOf<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodMiniObject<Shape, z.core.$strict> {
  return z.strictObject(shape);
}

function parseInput<Schema extends z.ZodMiniType>(schema: Schema, input: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const wrong = describeIssues(parsed.error.issues, { raw: input, root: 'input' });
  throw new CahootsError('usage', `The input is not as the tool needs it: ${wrong}.`, {
    remedy: 'Correct it and call again.',
  });
}
