import type { ResolvedConfig } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { PostContext } from '../mailbox/post.ts';

/** What every call of a front door works with. */
export interface ClientContext {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  /** The version of this program, for the records of seats that it makes. */
  readonly version: string;
}

/** The part of a context that mailboxes need. */
export function mailContext({ config, clock }: ClientContext): PostContext {
  return { root: config.root, clock };
}
