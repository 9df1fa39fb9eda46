import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { test } from 'node:test';
import { runProgram } from '../../fixtures/run-program.ts';
import { tempFolder } from '../../fixtures/temp-root.ts';

const NOBODY = '65534';

test('[M1] [M3] [M4] a sender that cannot be told keeps no mail from the session, and learns all of it later', async (t) => {
  // To root nothing is forbidden.
  const user = process.getuid?.() === 0 ? NOBODY : '';
  const folder = tempFolder(t);
  if (user !== '') chownSync(folder, Number(user), -1);
  const run = await runProgram(t, 'receipt-trouble.ts', { args: [folder, user] });
  assert.deepEqual([run.code, run.stderr], [0, '']);
  assert.deepEqual(JSON.parse(run.stdout), {
    given: true,
    toldAtOnce: 'delivered',
    asked: 'mail',
    toldLater: ['offered', 'refused'],
  });
});
