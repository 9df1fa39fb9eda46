import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type * as z from 'zod/mini';
import { asCahootsError, CahootsError } from '../../protocol/errors.ts';
import { describeIssues } from '../../protocol/issues.ts';
import type { Watch } from './event-hub.ts';
import { HTTP_STATUS } from './http-status.ts';
import { describeApi } from './openapi.ts';
import { type ApiMeans, JsonText, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** A body that is longer than the longest prompt with room to spare is not read. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The API as an application that answers requests, over whatever they come. */
export function createApp(means: ApiMeans): Hono {
  const app = new Hono();
  app.use(async (_, next) => {
    means.onCall?.();
    await next();
  });
  app.get('/v1/openapi.json', (context) => context.json(describeApi(means.version)));
  for (const definition of ROUTES) {
    app.on(
      definition.method.toUpperCase(),
      definition.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      async (context) => {
        const { raw } = context.req;
        const answer = await definition.run({
          means,
          path: context.req.param(),
          query: read(definition.query, context.req.query(), 'query'),
          body: read(definition.body, await bodyOf(definition, raw), 'body'),
          signal: raw.signal,
        });
        if (answer instanceof JsonText) {
          return context.body(answer.text, 200, { 'content-type': 'application/json' });
        }
        if (definition.answer !== 'events') return context.json(answer as object);
        const { events, stop } = answer as Watch;
        raw.signal.addEventListener('abort', stop, { once: true });
        return streamSSE(context, async (stream) => {
          stream.onAbort(stop);
          // The first one says that what happens from here on is told.
          await stream.writeSSE({ event: 'watching', data: '{}' });
          for await (const event of events) {
            await stream.writeSSE({ event: event.type, data: JSON.stringify(event) });
          }
        });
      },
    );
  }
  app.notFound((context) => {
    const what = `There is nothing at ${context.req.method} ${context.req.path}.`;
    const error = new CahootsError('route-unknown', what, {
      remedy: 'See GET /v1/openapi.json for what there is.',
    });
    return context.json(error.toJSON(), HTTP_STATUS['route-unknown']);
  });
  app.onError((error, context) => {
    const told = asCahootsError(error);
    return context.json(told.toJSON(), HTTP_STATUS[told.code]);
  });
  return app;
}

async function bodyOf({ body }: Route, request: Request): Promise<unknown> {
  const length = Number(request.headers.get('content-length') ?? 0);
  if (length > MAX_BODY_BYTES) throw tooLong(length);
  const text = await request.text();
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) throw tooLong(Buffer.byteLength(text));
  if (text === '') return body.safeParse(undefined).success ? undefined : {};
  // A web page can send text and forms to anybody, but no JSON without being allowed to.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw wrong('body', 'its content type is not application/json');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw wrong('body', error instanceof Error ? error.message : String(error));
  }
}

function read<Schema extends z.ZodMiniType>(
  schema: Schema,
  raw: unknown,
  part: 'query' | 'body',
): z.infer<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw wrong(part, describeIssues(parsed.error.issues, { raw, root: part }));
}

function wrong(part: 'query' | 'body', reason: string): CahootsError {
  return new CahootsError('usage', `The ${part} of the call cannot be used: ${reason}.`, {
    remedy: 'See GET /v1/openapi.json for what it takes.',
    facts: { part, reason },
  });
}

function tooLong(bytes: number): CahootsError {
  return new CahootsError(
    'content-too-large',
    `The body of the call has ${bytes} bytes, at most ${MAX_BODY_BYTES}.`,
    {
      remedy: 'Send less at once.',
      facts: { bytes, most: MAX_BODY_BYTES },
    },
  );
}
