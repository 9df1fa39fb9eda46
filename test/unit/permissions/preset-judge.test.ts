import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { managedFrom } from '../../../src/config/settings.ts';
import { presetJudge, requirePermitted } from '../../../src/permissions/preset-judge.ts';
import { managedRecord } from '../../fixtures/managed-records.ts';

const call = { id: 'c', tool: 'WebFetch', input: { url: 'https://example.org' }, bySubagent: false };

suite('the judge of the daemon', () => {
  test('asks for the person’s setting at every call: withdrawn, full denies everything [D2]', async () => {
    let allowFullPreset = true;
    const judge = presetJudge({ home: '/h', ours: [], settings: () => managedFrom({ allowFullPreset }) });
    const session = managedRecord({ preset: 'full' });
    assert.deepEqual(await judge(call, session), { verdict: 'allow' });
    allowFullPreset = false;
    assert.partialDeepStrictEqual(await judge(call, session), { verdict: 'deny' });
    assert.throws(() => requirePermitted('full', managedFrom({})), { code: 'preset-not-allowed' });
    requirePermitted('edit', managedFrom({}));
  });

  test('denies everything to a preset that it does not know, and to the others what they do not cover [D2]', async () => {
    const judge = presetJudge({ home: '/h', ours: [], settings: () => managedFrom({}) });
    for (const preset of ['', 'everything', 'edit', 'read-only'])
      assert.partialDeepStrictEqual(await judge(call, managedRecord({ preset })), { verdict: 'deny' });
    const plan = { ...call, tool: 'TodoWrite', input: {} };
    assert.deepEqual(await judge(plan, managedRecord({ preset: 'edit' })), { verdict: 'allow' });
  });
});
