// What programs may build on. Every line is a public promise.

export { type Addressee, type AddresseeWish, addresseeOf } from './client/addressee.ts';
export type { ClientContext } from './client/client-context.ts';
export { type DaemonStatus, daemonStatus, startDaemon, stopDaemon } from './client/machine/daemon-control.ts';
export { type AskOutcome, ask, type Question } from './client/mail/ask.ts';
export { type NextMessageWait, nextMessage } from './client/mail/next-message.ts';
export { showMessage } from './client/mail/show-message.ts';
export { type OpenSeat, openOrMakeOwnSeat, openOwnSeat } from './client/seats/open-seat.ts';
export type { SeatWish } from './client/seats/own-seat.ts';
export { type ListedPeer, peerList } from './client/seats/peer-list.ts';
export { type BatchResult, type BatchRun, runBatch } from './client/sessions/batch.ts';
export { type BatchPlan, type BatchTask, readBatchPlan } from './client/sessions/batch-plan.ts';
export {
  askSession,
  awaitPrompt,
  type PromptState,
  type PromptWait,
  promptHistory,
  promptState,
  sendPrompt,
  type WantedPrompt,
} from './client/sessions/prompts.ts';
export { askRevived, type ConversationSize, conversationSize } from './client/sessions/revive.ts';
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
  type WantedConversation,
  type WantedLimits,
  type WantedSession,
} from './client/sessions/sessions.ts';
export { type SessionWatch, watchSessions } from './client/sessions/watch-sessions.ts';
export { type ConfigInput, type ResolvedConfig, resolveConfig } from './config/config.ts';
export type { Peer } from './directory/peers.ts';
export { systemClock } from './lib/clock.ts';
export { version } from './lib/version.ts';
export { CahootsError, ERROR_CATALOGUE, type ErrorCode, type ErrorReport } from './protocol/errors.ts';
export { isMessageId, isSeatId, type MessageId, type SeatId } from './protocol/ids.ts';
export type {
  Allowance,
  LimitReached,
  ManagedSessionRecord,
  PromptOutcome,
  PromptRecord,
  SessionState,
} from './protocol/managed-session.ts';
export { MAX_CONTENT_BYTES, type Message, type MessageType } from './protocol/message.ts';
export { PRESETS, type Preset } from './protocol/preset.ts';
export { MESSAGE_STATES, type MessageState, type StateRecord } from './protocol/receipt.ts';
export type { SeatKind, SeatState } from './protocol/seat.ts';
export type { WatchedSessionEvent } from './protocol/session-event.ts';
export type { AgentFailure, Spending, ToolDenial, TurnResult } from './protocol/turn-result.ts';
