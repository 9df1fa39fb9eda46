// The test bench: a scripted model, a clean home, and launchers for the real `claude`. Every line is a public promise.

export {
  type ClaudeBinary,
  claudeBinaries,
  claudeBinary,
  claudeBinaryAt,
  compareVersions,
} from './claude-binary.ts';
export type { ClaudeLaunch, PermissionMode } from './claude-launch.ts';
export { type CleanHome, type CleanHomeOptions, createCleanHome, DUMMY_API_KEY } from './clean-home.ts';
export {
  type HeadlessClaude,
  type HeadlessLaunch,
  type HeadlessResult,
  type PermissionAnswer,
  startHeadlessClaude,
} from './headless-claude.ts';
export type { HostRegistryEntry, RecordMatch } from './host-files.ts';
export {
  type HostStatus,
  type InteractiveClaude,
  type InteractiveLaunch,
  startInteractiveClaude,
} from './interactive-claude.ts';
export type { JsonObject } from './json.ts';
export type { LiveProcess } from './live-processes.ts';
export { type ModelApi, startModelApi } from './model-api.ts';
export type { ModelAnswer, ModelFailure, ModelUsage, Reply, ToolCall } from './model-reply.ts';
export { echo, inOrder, type ModelRule, type ReplyMaker, when, whenToolResult } from './model-rules.ts';
export type { ModelSession, RecordedRequest, RequestMatch } from './model-session.ts';
export type { ModelTurn, ToolResult, TurnKind } from './model-turn.ts';
export { type ClaudeRun, runClaude } from './run-claude.ts';
export { type ExitFacts, type Key, startTerminal, type Terminal } from './terminal.ts';
export { type WaitOptions, WaitTimeoutError, waitFor } from './wait-for.ts';
