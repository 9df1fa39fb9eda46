import * as z from 'zod/mini';
import { ERROR_CATALOGUE } from '../../protocol/errors.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';

const errorReport = z.object({
  code: z.enum(Object.keys(ERROR_CATALOGUE)),
  message: z.string(),
  remedy: z.string(),
  retry: z.enum(['never', 'later', 'changed']),
  facts: z.record(z.string(), z.unknown()),
});

/** The description of the API in the form of OpenAPI 3.1, made from its routes. */
export function describeApi(version: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) (paths[route.path] ??= {})[route.method] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: { title: 'cahoots daemon', version },
    paths,
    components: { schemas: { Error: schemaOf(errorReport, 'output') } },
  };
}

function operationOf({ path, summary, query, body, answer }: Route) {
  const asked = schemaOf(query, 'input');
  const inQuery = Object.entries(asked.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: (asked.required ?? []).includes(name),
    schema,
  }));
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const takesBody = !body.safeParse(undefined).success;
  const content =
    answer === 'events'
      ? { 'text/event-stream': { schema: { type: 'string' } } }
      : { 'application/json': { schema: schemaOf(answer, 'output') } };
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    ...(takesBody && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: {
      200: { description: 'Done', content },
      default: {
        description: 'An error',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

function schemaOf(schema: z.ZodMiniType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // The one kind of value that we check by a function of our own is the id of a seat.
      if (zodSchema._zod.def.type === 'custom')
        Object.assign(jsonSchema, { type: 'string', pattern: '^[a-z0-9]{6}$' });
    },
  });
  return rest;
}
