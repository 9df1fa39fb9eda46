const FOREIGN =
  /^(CLAUDE|ANTHROPIC|CAHOOTS|BRIDGE_|NODE_OPTIONS$|NODE_TEST_CONTEXT$|NODE_COMPILE_CACHE$|XDG_|PROJECT_DIR$)/;

/**
 * Removes from the environment what would let a test reach the session, the mailboxes or the settings of whoever runs
 * it, and gives it a temporary folder of its own. Changes the object that is given.
 */
export function scrubEnvironment(environment: NodeJS.ProcessEnv, temporary: string): void {
  for (const name of Object.keys(environment)) {
    if (FOREIGN.test(name)) Reflect.deleteProperty(environment, name);
  }
  environment['TMPDIR'] = temporary;
  environment['TMP'] = temporary;
  environment['TEMP'] = temporary;
}
