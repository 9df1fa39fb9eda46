/**
 * The steps from an empty file to the present shape, each applied once and never changed again. `user_version` of the
 * file counts those that it has had.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE sessions (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    state   TEXT NOT NULL,
    changed INTEGER NOT NULL,
    record  TEXT NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_change ON sessions (changed);
  CREATE INDEX sessions_by_state ON sessions (state);

  CREATE TABLE prompts (
    id       TEXT PRIMARY KEY,
    session  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    accepted INTEGER NOT NULL,
    is_open  INTEGER NOT NULL,
    record   TEXT NOT NULL
  ) STRICT;
  CREATE INDEX prompts_of_session ON prompts (session, accepted);
  CREATE INDEX prompts_open ON prompts (session) WHERE is_open = 1;

  CREATE TABLE journal (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    prompt  TEXT,
    type    TEXT NOT NULL,
    data    TEXT NOT NULL
  ) STRICT;
  CREATE INDEX journal_of_session ON journal (session, id);
  `,
];
