import type { SDKAssistantMessageError } from '@anthropic-ai/claude-agent-sdk';
import type { AgentFailure, AgentFailureKind } from '../../../protocol/turn-result.ts';

/** The host's names of failures, as the types of the Agent SDK list them. */
const KINDS: Readonly<Record<SDKAssistantMessageError, AgentFailureKind>> = {
  authentication_failed: 'authentication',
  oauth_org_not_allowed: 'authentication',
  account_on_hold: 'authentication',
  verification_required: 'authentication',
  cloud_credential_error: 'authentication',
  billing_error: 'billing',
  rate_limit: 'rate-limit',
  overloaded: 'overloaded',
  invalid_request: 'invalid-request',
  model_not_found: 'invalid-request',
  max_output_tokens: 'invalid-request',
  server_error: 'server',
  unknown: 'other',
};

/**
 * What the host's name of a failure, and the HTTP status, amount to; a status of `null` is that of a request that had no
 * answer. The host names less than it knows: many failures are `unknown` to it, and then the status decides; what its
 * list calls an error of the server may be an overload, or a connection that was lost.
 */
export function apiFailure(
  message: string,
  { error, status }: { error?: string | undefined; status?: number | null | undefined },
): AgentFailure {
  const named = isNamed(error) ? KINDS[error] : 'other';
  return { kind: kindOf(named, status), message, ...(typeof status === 'number' && { status }) };
}

function isNamed(error: string | undefined): error is SDKAssistantMessageError {
  return error !== undefined && Object.hasOwn(KINDS, error);
}

function kindOf(named: AgentFailureKind, status: number | null | undefined): AgentFailureKind {
  if (named === 'server' && status === null) return 'connection';
  if (named === 'server' && status === 529) return 'overloaded';
  return named === 'other' && typeof status === 'number' ? kindOfStatus(status) : named;
}

function kindOfStatus(status: number): AgentFailureKind {
  if (status === 401 || status === 403) return 'authentication';
  if (status === 402) return 'billing';
  if (status === 429) return 'rate-limit';
  if (status === 529) return 'overloaded';
  return status >= 500 ? 'server' : 'invalid-request';
}
