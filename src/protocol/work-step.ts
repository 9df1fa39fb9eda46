/** Something that a tool of a session has done: a command that was run, or a file that was changed. */
export type WorkStep =
  | {
      readonly kind: 'command';
      readonly command: string;
      /** What it printed, where it failed. */
      readonly failedWith?: string;
    }
  | {
      readonly kind: 'edit';
      readonly path: string;
      /** The texts that were replaced, and those that are there now. */
      readonly before: readonly string[];
      readonly after: readonly string[];
    };
