import type * as AgentSdk from '@anthropic-ai/claude-agent-sdk';
import { CahootsError } from '../../protocol/errors.ts';

/** Loads the Agent SDK, which a user who only sends messages does not have. Rejects with `agent-missing`. */
export async function loadAgentSdk(): Promise<typeof AgentSdk> {
  try {
    return await import('@anthropic-ai/claude-agent-sdk');
  } catch (cause) {
    throw new CahootsError('agent-missing', 'The Claude Agent SDK is not installed.', {
      remedy: 'Managed sessions need it: npm install --global @anthropic-ai/claude-agent-sdk --omit=optional',
      cause,
    });
  }
}
