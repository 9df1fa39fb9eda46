import type { Wake, WakePath, WakeResult } from '../../../src/agents/wake-path.ts';
import type { DeliveryPath } from '../../../src/protocol/receipt.ts';

/** A path that takes every text, until a test has it do otherwise. */
export interface ScriptedPath extends WakePath {
  readonly wakes: Wake[];
  withdrawals: number;
  /** Why it cannot be used. */
  reason: string | undefined;
  keepsBack: (fromMode: Wake['fromMode']) => boolean;
  result: WakeResult;
}

export function scriptedPath(path: DeliveryPath, settleMs = 3_000): ScriptedPath {
  const scripted: ScriptedPath = {
    path,
    settleMs,
    wakes: [],
    withdrawals: 0,
    reason: undefined,
    result: { ok: true },
    unavailable: () => scripted.reason,
    keepsBack: () => false,
    wake: async (wake) => {
      scripted.wakes.push(wake);
      return await Promise.resolve(scripted.result);
    },
    withdraw() {
      scripted.withdrawals += 1;
    },
  };
  return scripted;
}
