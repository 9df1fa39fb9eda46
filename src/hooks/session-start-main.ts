import { asCahootsError } from '../protocol/errors.ts';
import { sessionStart } from './session-start.ts';

/** A hook that fails shows the person an error at each start: a fault is told in one line and the session goes on. */
function answer(): string {
  try {
    return sessionStart({ env: process.env, cwd: process.cwd(), parentPid: process.ppid });
  } catch (error) {
    return JSON.stringify({ systemMessage: `cahoots: ${asCahootsError(error).message}` });
  }
}

process.stdout.write(`${answer()}\n`);
