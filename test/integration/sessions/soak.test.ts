import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSoak } from '../../soak/run-soak.ts';

const SEED = Number(process.env['CAHOOTS_TEST_FAULT_SEED'] ?? Date.now() % 1_000_000_000);

/** `npm run test:soak` plays more of it. */
test('sessions that are interrupted, paused and killed, with their daemon, lose no prompt and leave nothing [M3] [D3] [D4]', async (t) => {
  const result = await runSoak({ seed: SEED, sessions: 4, turns: 24, daemonKills: 1 });
  t.diagnostic(JSON.stringify(result));
  assert.deepEqual(
    result.findings,
    [],
    `again with: npm run test:soak -- --sessions 4 --turns 24 --daemon-kills 1 --seed ${SEED}`,
  );
  assert.equal(result.deeds.daemonKills, 1);
});
