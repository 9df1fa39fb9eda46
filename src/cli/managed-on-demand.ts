// What only the commands for managed sessions need. They load it when they run, as one piece: mail goes without it.

export { type BatchResult, runBatch } from '../client/managed/batch.ts';
export { readBatchPlan } from '../client/managed/batch-plan.ts';
export { daemonStatus, startDaemon, stopDaemon } from '../client/managed/daemon-control.ts';
export { daemonLog, followDaemonLog } from '../client/managed/daemon-log.ts';
export {
  askSession,
  awaitPrompt,
  promptHistory,
  promptState,
  requirePromptText,
  sendPrompt,
} from '../client/managed/prompts.ts';
export { askRevived, conversationSize } from '../client/managed/revive.ts';
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
} from '../client/managed/sessions.ts';
export { watchSessions } from '../client/managed/watch-sessions.ts';
export { limitText } from '../protocol/used.ts';
export { confirm } from './confirm.ts';
export { ageOption } from './managed/age-option.ts';
export { askManaged, sendManaged } from './managed/ask-managed.ts';
export { EventLines } from './managed/event-lines.ts';
export { limitsFrom } from './managed/limit-options.ts';
export { presetFrom } from './managed/preset-option.ts';
export { outcomeStatus, promptJson, reportPrompt } from './managed/prompt-report.ts';
export { durationText, moneyText, sentence, stateText } from './managed/session-text.ts';
export { managedStatusText } from './managed/status-text.ts';
