/** The table of routes as an OpenAPI 3.1 document. Pure. */
import type { ApiRoute, Needs } from './api-route.js';
import { type JsonSchema, jsonSchemaOf } from './schemas.js';

const DESCRIPTION = `
The admin API of Weir. Errors are problem documents (RFC 9457); one that is about your input has \`faults\`, each with its path, what is wrong
and what to do. Lists have \`items\` and \`next\`, which is the \`after\` of the next page, or null. What has a version has it as its ETag: send
it back in \`If-Match\`, and a change that somebody else made meanwhile is not lost (412). A write with an \`Idempotency-Key\` can be sent
again when its answer was lost. Members and query parameters that are not described are refused.

Sign in with \`POST /v1/session\`, which sets a cookie; writes then need its \`x-weir-csrf\`. Programs send a token:
\`Authorization: Bearer weir_t_…\`.
`.trim();

export function documentOf(routes: readonly ApiRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  const areas = [...new Set(routes.map(({ area }) => area))].sort();
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weir admin API',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: areas.map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'weir_session' },
        token: { type: 'http', scheme: 'bearer' },
      },
      schemas: { Problem: problemSchema },
      responses: {
        Problem: { description: 'Why not', content: { 'application/problem+json': { schema: problemRef } } },
      },
    },
  };
}

const problemRef = { $ref: '#/components/schemas/Problem' };
const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message', 'cure'],
        properties: { path: { type: 'string' }, message: { type: 'string' }, cure: { type: 'string' } },
      },
    },
  },
};

function operationOf(route: ApiRoute): object {
  const { name, summary, area, needs, method } = route;
  return {
    ...{ operationId: name, summary, tags: [area], 'x-weir-needs': needsOf(needs) },
    security: needs === 'nobody' ? [{}] : [{ session: [] }, { token: [] }],
    parameters: [...pathParameters(route), ...queryParameters(route), ...(method === 'GET' ? [] : headerParameters)],
    ...(route.body === undefined ? {} : { requestBody: requestBodyOf(route) }),
    responses: responsesOf(route),
  };
}

function needsOf(needs: Needs): string {
  return typeof needs === 'string' ? needs : `team:${needs.team}`;
}

const headerParameters = [
  {
    name: 'If-Match',
    in: 'header',
    schema: { type: 'string' },
    description: 'ETag of the version that is to be changed',
  },
  { name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 128 } },
];

function pathParameters({ path }: ApiRoute): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }));
}

function queryParameters({ query }: ApiRoute): object[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = jsonSchemaOf(query, 'input');
  return Object.entries(properties as object).map(([name, schema]) => ({
    ...{ name, in: 'query', schema },
    ...((required as string[]).includes(name) ? { required: true } : {}), // JSON Schema: a list of names.
  }));
}

function requestBodyOf({ body, bodyIs }: ApiRoute): object {
  if (body === undefined) return {};
  const schema = jsonSchemaOf(body, 'input');
  const types = bodyIs === 'text' ? ['application/json', 'application/yaml'] : ['application/json'];
  // Of a text it is the document that is sent, and not a string with it.
  const content = Object.fromEntries(types.map((type) => [type, { schema: bodyIs === 'text' ? {} : schema }]));
  return { required: true, content };
}

function responsesOf(route: ApiRoute): object {
  const { answers, method, success = method === 'DELETE' ? 204 : 200 } = route;
  const isEmpty = success === 204 || success === 302;
  const content =
    answers === undefined ? {} : { content: { 'application/json': { schema: jsonSchemaOf(answers, 'output') } } };
  return {
    [success]: { description: isEmpty ? 'Done' : 'As asked', ...(isEmpty ? {} : content) },
    default: { $ref: '#/components/responses/Problem' },
  };
}
