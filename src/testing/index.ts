/**
 * The test bench: a scripted model, clean homes, and launchers for the real `claude`, without a key and without leaving
 * loopback. Every line below is a public promise.
 *
 *     await using api = await startModelApi();
 *     await using home = createCleanHome();
 *     const model = api.session('app', when(/which version/, 'It is 2.0.'));
 *     await using claude = await startInteractiveClaude({ home, model, cwd: home.project('app') });
 *     await claude.waitUntilReady();
 *     await claude.submit('which version?');
 *     await claude.waitForScreen(/It is 2\.0\./);
 *
 * What is declared last is stopped first: so the home sees whether a session left a process behind.
 *
 * @module
 */

export type { LiveProcess } from '../lib/live-processes.ts';
export {
  type ClaudeBinary,
  claudeBinaries,
  claudeBinary,
  claudeBinaryAt,
  compareVersions,
} from './claude-binary.ts';
export type { ClaudeLaunch, PermissionMode } from './claude-launch.ts';
export { type CleanHome, type CleanHomeOptions, createCleanHome, DUMMY_API_KEY } from './clean-home.ts';
export { type AgentHost, agentContract, type StartAgentHost } from './contracts/agent-contract.ts';
export {
  type StartWakeHost,
  type WakeHost,
  type WakeHostOptions,
  wakePathContract,
} from './contracts/wake-path-contract.ts';
export {
  type FakeAgent,
  type FakeScript,
  type FakeSession,
  type FakeStep,
  type FakeTurn,
  fakeAgent,
} from './fake-agent.ts';
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
export { type ModelApi, startModelApi } from './model-api.ts';
export type { ModelAnswer, ModelFailure, ModelUsage, Reply, ToolCall } from './model-reply.ts';
export { echo, inOrder, type ModelRule, type ReplyMaker, when, whenToolResult } from './model-rules.ts';
export type { ModelSession, RecordedRequest, RequestMatch } from './model-session.ts';
export type { ModelTurn, ToolResult, TurnKind } from './model-turn.ts';
export { type ClaudeRun, runClaude } from './run-claude.ts';
export { type ExitFacts, type Key, startTerminal, type Terminal } from './terminal.ts';
export { type WaitOptions, WaitTimeoutError, waitFor } from './wait-for.ts';
