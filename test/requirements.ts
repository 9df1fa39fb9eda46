/** Since when a requirement binds: `now`, or `planned` for a part of the product that is not there yet. */
export type Since = 'now' | 'planned';

/** One thing that must hold. A test that shows it has the id in its title, in brackets: `a repeat says so [M2]`. */
export interface Requirement {
  readonly from: Since;
  readonly statement: string;
}

/** What holds whatever happens: M mail, S seats, D delegation, X protection. */
export const INVARIANTS = {
  M1: {
    from: 'now',
    statement:
      'Once its send has succeeded, a message is in exactly one place (waiting, claimed, read, or rejected with a reason), whichever process is killed and when.',
  },
  M2: {
    from: 'now',
    statement:
      'At most one owner holds a message; the model gets each one at least once, and a second time only under the same id and marked as a repeat.',
  },
  M3: {
    from: 'now',
    statement:
      'Every wait ends: what was pending on a peer, process or connection that is gone gets a typed error.',
  },
  M4: {
    from: 'now',
    statement: 'No reported state is stronger than what is known; `seen` is only said with proof.',
  },
  M5: {
    from: 'now',
    statement: 'To wait, to check and to list costs the same after years of mail as on the first day.',
  },
  M6: {
    from: 'now',
    statement: 'In one root, sessions of session-bridge v1 and of cahoots reach each other both ways.',
  },
  S1: {
    from: 'now',
    statement:
      'A restart, resume or clear keeps the seat with its mail, and a session that no person started takes none.',
  },
  S2: {
    from: 'now',
    statement:
      'A peer causes a turn only as far as the gate, the attention and the cap of the session let it.',
  },
  D1: {
    from: 'now',
    statement: 'A limit is overrun by no more than the step that was under way when it was reached.',
  },
  D2: {
    from: 'now',
    statement:
      'A permission comes from the preset, a rule or a recorded approval, and never exceeds what the delegator has.',
  },
  D3: {
    from: 'now',
    statement: 'Children end with their owner: none is left after a stop, kill, crash or uninstall.',
  },
  D4: {
    from: 'now',
    statement: 'When the daemon has crashed, every session and task is resumed or shown as interrupted.',
  },
  X1: {
    from: 'now',
    statement:
      'Another user of the machine, a web page or a foreign machine can read, send, start and approve nothing.',
  },
  X2: {
    from: 'now',
    statement: 'What a peer writes is never taken for the user, run as a command, or able to break a reader.',
  },
} as const satisfies Readonly<Record<string, Requirement>>;

/** What the documents promise to a user: R1, R2, … in the order in which they were made. */
export const PROMISES: Readonly<Record<string, Requirement>> = {
  R1: {
    from: 'now',
    statement:
      'After a purge no file of the root has in it what was erased, and what waits or is open is where it was.',
  },
};

/** All requirements by their id. */
export const REQUIREMENTS: Readonly<Record<string, Requirement>> = { ...INVARIANTS, ...PROMISES };
