/** One change that setup or uninstall makes, told before it is made. */
export interface Step {
  /** What it does, as a sentence without a full stop. */
  readonly what: string;
  /** The command of Claude Code that it runs, if it runs one. */
  readonly command?: readonly string[];
  readonly run: () => Promise<void>;
}
