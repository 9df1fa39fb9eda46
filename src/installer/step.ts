/** One change that setup or uninstall makes, told before it is made. */
export interface Step {
  /** What it does, as a sentence without a full stop. */
  readonly what: string;
  /** The command of Claude Code that it runs, if it runs one. */
  readonly command?: readonly string[];
  readonly run: () => Promise<void>;
}

/** What is told of a step to programs. */
export interface StepReport {
  readonly what: string;
  readonly command: readonly string[] | null;
}

/** The part of a step that can be printed. */
export function reportOf({ what, command }: Step): StepReport {
  return { what, command: command ?? null };
}
