import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { isJsonObject, type JsonObject } from './json.ts';
import type { ModelRule } from './model-rules.ts';
import { type ModelSession, ScriptedSession } from './model-session.ts';
import { writeError, writeJson } from './model-wire.ts';

/** A scripted Messages API on loopback that serves many sessions and keeps what each of them asked. */
export interface ModelApi {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Hosts that a process wanted to reach through `HTTP(S)_PROXY`; all were refused. Empty means: nothing left loopback. */
  readonly refusedHosts: readonly string[];
  /** Requests that belong to no session or no endpoint, as `METHOD path`. */
  readonly strays: readonly string[];
  /** The session of that name, made at the first call. A name is letters, digits, `.`, `_`, `-`. */
  session(name: string, ...rules: readonly ModelRule[]): ModelSession;
  /** Cuts every connection and ends every wait. Idempotent. Rejects when a rule threw, so that no error is lost. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the API on a free port of 127.0.0.1. */
export async function startModelApi(options: { port?: number } = {}): Promise<ModelApi> {
  const server = createServer();
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return new ScriptedModelApi(server);
}

class ScriptedModelApi implements ModelApi {
  readonly url: string;
  readonly refusedHosts: string[] = [];
  readonly strays: string[] = [];
  readonly #server: Server;
  readonly #sessions = new Map<string, ScriptedSession>();
  #closed: Promise<void> | undefined;

  constructor(server: Server) {
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new Error('the model API has no port: it is not listening');
    this.url = `http://127.0.0.1:${address.port}`;
    this.#server = server;
    server.on('request', (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        if (!response.headersSent) writeError(response, { status: 400, message: String(error) });
        else response.destroy();
      });
    });
    server.on('connect', (request, socket) => {
      this.refusedHosts.push(request.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
  }

  session(name: string, ...rules: readonly ModelRule[]): ModelSession {
    if (!/^[\w.-]+$/.test(name))
      throw new Error(`'${name}' is no session name: use letters, digits, '.', '_' and '-'`);
    const session = this.#sessions.get(name) ?? new ScriptedSession(name, { origin: this.url });
    this.#sessions.set(name, session);
    if (rules.length > 0) session.script(...rules);
    return session;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    for (const session of this.#sessions.values()) session.close();
    await closed;
    const errors = [...this.#sessions.values()].flatMap((session) => session.scriptErrors);
    if (errors.length > 0)
      throw new AggregateError(
        errors,
        `${errors.length} calls of rules threw; the first: ${String(errors[0])}`,
      );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = performance.now();
    if (request.url !== undefined && /^https?:/.test(request.url)) {
      this.refusedHosts.push(new URL(request.url).host);
      writeError(response, { status: 403, message: 'the test bench lets nothing leave loopback' });
      return;
    }
    const path = new URL(request.url ?? '/', this.url).pathname;
    const [, name = '', endpoint = ''] = /^\/s\/([\w.-]+)(\/.*)?$/.exec(path) ?? [];
    const session = this.#sessions.get(name);
    if (request.method === 'HEAD') {
      response.writeHead(200).end();
    } else if (request.method === 'POST' && endpoint === '/v1/messages' && session !== undefined) {
      await session.answer(response, { body: await readJson(request), headers: request.headers, atMs });
    } else if (request.method === 'POST' && endpoint === '/v1/messages/count_tokens') {
      writeJson(response, 200, {
        input_tokens: Math.ceil(JSON.stringify(await readJson(request)).length / 4),
      });
    } else {
      this.strays.push(`${request.method} ${path}`);
      writeError(response, {
        status: 404,
        message: `${request.method} ${path} is nothing that the test bench serves`,
      });
    }
  }
}

async function readJson(request: IncomingMessage): Promise<JsonObject> {
  const body: unknown = JSON.parse(await text(request));
  if (!isJsonObject(body)) throw new Error('the request body is no JSON object');
  return body;
}
