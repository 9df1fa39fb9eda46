// What only the commands for managed sessions need. They load it when they run, as one piece: mail goes without it.

export { daemonStatus, startDaemon, stopDaemon } from '../../client/machine/daemon-control.ts';
export { daemonLog, followDaemonLog } from '../../client/machine/daemon-log.ts';
export { type BatchResult, runBatch } from '../../client/sessions/batch.ts';
export { readBatchPlan } from '../../client/sessions/batch-plan.ts';
export {
  askSession,
  awaitPrompt,
  promptHistory,
  promptState,
  requirePromptText,
  sendPrompt,
} from '../../client/sessions/prompts.ts';
export { askRevived, conversationSize } from '../../client/sessions/revive.ts';
export {
  cleanUpSessions,
  deleteSession,
  forkSession,
  interruptSession,
  killSession,
  listSessions,
  pauseSession,
  resumeConversation,
  resumeSession,
  sessionStatus,
  setSessionModel,
  spawnSession,
  stopSession,
} from '../../client/sessions/sessions.ts';
export { watchSessions } from '../../client/sessions/watch-sessions.ts';
export { limitText } from '../../protocol/used.ts';
export { askManaged, sendManaged } from '../commands/sessions/ask-managed.ts';
export { outcomeStatus, promptJson, reportPrompt } from '../commands/sessions/prompt-report.ts';
export { limitsFrom } from '../options/limit-options.ts';
export { presetFrom } from '../options/preset-option.ts';
export { requiredDurationOption } from '../options/time-options.ts';
export { confirm } from '../terminal/confirm.ts';
export { EventLines } from '../text/event-lines.ts';
export { durationText, moneyText, sentence, stateText } from '../text/session-text.ts';
export { managedStatusText } from '../text/status-text.ts';
