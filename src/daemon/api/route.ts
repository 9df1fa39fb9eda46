import type * as z from 'zod/mini';
import type { SessionStore } from '../../supervisor/session-store.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { Purge } from '../purge/purge.ts';
import type { Reviver } from '../revive.ts';
import type { SearchService } from '../search/search-service.ts';
import type { NumberedEntry } from '../store/sqlite-session-store.ts';
import type { EventHub } from './event-hub.ts';

/** The daemon's sessions as the API reaches them. */
export interface ApiMeans {
  readonly supervisor: Supervisor;
  readonly store: ApiStore;
  readonly events: EventHub;
  readonly reviver: Pick<Reviver, 'answer' | 'size'>;
  readonly version: string;
  /** Finds and erases what was said; left out where only sessions are run. */
  readonly search?: Pick<SearchService, 'search'>;
  readonly purge?: Purge;
  /** Called with every call. */
  readonly onCall?: () => void;
  /** Begins to end the daemon; returns at once. */
  readonly shutDown: () => void;
}

/** What the API reads beside what the supervisor does. */
export interface ApiStore extends SessionStore {
  /** What `sessions` returns, as JSON text. */
  sessionsText(options?: { limit?: number }): string;
  prompts(
    session: Parameters<SessionStore['openPrompts']>[0],
    options?: { limit?: number },
  ): readonly unknown[];
  journal(
    session: Parameters<SessionStore['openPrompts']>[0],
    options?: { after?: number; limit?: number },
  ): readonly NumberedEntry[];
}

/** An answer that is JSON text already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a route is called with, its words and body as their schemas read them. */
export interface RouteCall<Query, Body> {
  readonly means: ApiMeans;
  /** The parts of the path that stand for something, by their names. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Aborts when the caller has gone away. */
  readonly signal: AbortSignal;
}

/** One call of the API, as data: the server and its description are made from it. */
export interface Route<
  Query extends z.ZodMiniType = z.ZodMiniType,
  Body extends z.ZodMiniType = z.ZodMiniType,
> {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With `{name}` for what stands for something. */
  readonly path: string;
  /** One line, without a full stop. */
  readonly summary: string;
  readonly query: Query;
  readonly body: Body;
  /** What a success answers with; `events` is a stream of server-sent events. */
  readonly answer: z.ZodMiniType | 'events';
  /** Resolves with what is answered, or with that as {@link JsonText}. */
  readonly run: (call: RouteCall<z.infer<Query>, z.infer<Body>>) => Promise<unknown>;
}

/** Keeps the types of one route together. */
export function route<Query extends z.ZodMiniType, Body extends z.ZodMiniType>(
  definition: Route<Query, Body>,
): Route<Query, Body> {
  return definition;
}
