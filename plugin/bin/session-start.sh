#!/bin/sh
# Says in one line that Node is missing; dist/session-start.js says it when Node is too old. Never fails a session's start.
if ! command -v node >/dev/null 2>&1; then
  printf '%s\n' '{"systemMessage":"cahoots is off in this session: it needs Node.js 22.13 or newer, and no node is on the PATH. Install one (https://nodejs.org) and start the session again."}'
  exit 0
fi
# Reading extra certificates costs an old Node 40 ms at each start, and nothing here connects anywhere.
unset NODE_EXTRA_CA_CERTS NODE_OPTIONS
exec node "${0%/*}/../dist/session-start.js" </dev/null
