import type { ManagedSettings } from '../config/settings.ts';
import { CahootsError } from '../protocol/errors.ts';
import type { ManagedSessionRecord } from '../protocol/managed-session.ts';
import { PRESETS } from '../protocol/preset.ts';
import type { ToolCall, ToolVerdict } from '../protocol/tool-call.ts';
import { judgeByPreset } from './presets.ts';

/** Whether a call may run, as far as permissions go. Limits are seen to by the session itself. */
export type Judge = (call: ToolCall, session: ManagedSessionRecord) => ToolVerdict | Promise<ToolVerdict>;

export interface JudgeOptions {
  readonly home: string;
  /** Folders that are ours or the host's own, absolute. */
  readonly ours: readonly string[];
  /** The person's settings as they are at the moment of each call. */
  readonly settings: () => ManagedSettings;
}

/** Decides about tool calls by the session's preset. */
export function presetJudge({ home, ours, settings }: JudgeOptions): Judge {
  return (call, { preset: name, cwd }) => {
    const preset = PRESETS.find((candidate) => candidate === name);
    if (preset === undefined) return { verdict: 'deny', reason: `There is no preset ${name}.` };
    if (preset === 'full' && !settings().allowFullPreset)
      return { verdict: 'deny', reason: notAllowed().message };
    return judgeByPreset(call, { preset, around: { cwd, home, ours } });
  };
}

/** Throws `preset-not-allowed` for a preset that the person's settings do not permit. */
export function requirePermitted(preset: string, { allowFullPreset }: ManagedSettings): void {
  if (preset === 'full' && !allowFullPreset) throw notAllowed();
}

function notAllowed(): CahootsError {
  return new CahootsError('preset-not-allowed', 'The preset full denies nothing, and is not allowed here.', {
    remedy:
      'Whoever owns this machine allows it with "allowFullPreset": true in the settings.json of the mailbox root.',
    facts: { preset: 'full', setting: 'allowFullPreset' },
  });
}
