/**
 * The contract of a service of models or prompts: nobody writes one for it, since all that is in it stands in the design. Each prompt is an
 * operation with its variables and the schema of its output, and models are asked as OpenAI has it. Pure.
 */
import { openApiOf } from '@weir/proto/ai/prompt-openapi.js';
import { isList, isObject, type Json, type JsonObject, objectAt } from '@weir/proto/contract/json-value.js';
import type { AiVariableSpec } from '@weir/proto/snapshot/ai.js';
import type { Design, Service } from '../model/entities.js';
import { compilePrompt } from '../publish/compile-ai-named.js';
import { type ReadDesign, readDesign } from '../publish/managed/read-design.js';

type Ai = NonNullable<ReadDesign['ai']>;
type Route = ReadDesign['routes'][number];

/** Null: it has a contract of its own, or nothing of models in it. */
export function modelsDocument({ teamId, name }: Pick<Service, 'teamId' | 'name'>, design: Design): JsonObject | null {
  if (design.contract !== '') return null;
  const { ai, routes } = readDesign(design, teamId);
  const paths: Record<string, Json> = {};
  const schemas: Record<string, Json> = {};
  for (const route of routes) {
    if (route.ai === null) continue;
    const base = baseOf(route);
    if (base === null) continue;
    const offered = route.ai.prompts ?? (ai?.prompts ?? []).map(({ id }) => id);
    for (const prompt of ai?.prompts ?? [])
      if (offered.includes(prompt.id)) addPrompt(prompt, base, ai?.prompts.length === 1, { paths, schemas });
    if (!route.ai.promptsOnly) addModels(modelsOf(route, ai), base, { paths, schemas });
  }
  if (Object.keys(paths).length === 0) return null;
  return { openapi: '3.1.1', info: { title: name, version: '1' }, paths, components: { schemas } };
}

/** Path that operations stand below; null: the route is one path, and says itself what it is. */
function baseOf({ match: { path } }: Route): string | null {
  if (path.kind !== 'prefix') return null;
  return path.prefix === '/' ? '' : path.prefix;
}

interface Parts {
  readonly paths: Record<string, Json>;
  readonly schemas: Record<string, Json>;
}

function addPrompt(prompt: Ai['prompts'][number], base: string, isOnly: boolean, { paths, schemas }: Parts): void {
  const spec = compilePrompt(prompt);
  const [version] = spec.versions;
  if (version === undefined) return;
  const document = openApiOf(spec, version, '');
  // Of several, each has a request and an answer of its own.
  const prefix = isOnly ? '' : `${prompt.id}-`;
  const named = objectAt(objectAt(document, 'components'), 'schemas');
  const defined = objectAt(version.output?.schema as Json | undefined, '$defs'); // It came as JSON.
  const rename = (ref: string): string =>
    ref
      .replace(/^#\/components\/schemas\//, `#/components/schemas/${prefix}`)
      .replace(/^#\/\$defs\//, `#/components/schemas/${prefix}of-`);
  for (const [name, schema] of Object.entries(named)) schemas[`${prefix}${name}`] = renamed(schema, rename);
  for (const [name, schema] of Object.entries(defined)) schemas[`${prefix}of-${name}`] = renamed(schema, rename);
  for (const [path, item] of Object.entries(objectAt(document, 'paths')))
    paths[`${base}${path}`] = withExample(renamed(item, rename), { inputs: exampleOf(version.variables) });
}

/** What a form begins with. */
function withExample(item: Json, example: Json): Json {
  const post = objectAt(item, 'post');
  const body = objectAt(post, 'requestBody');
  const content = objectAt(objectAt(body, 'content'), 'application/json');
  return {
    ...objectAt({ item }, 'item'),
    post: { ...post, requestBody: { ...body, content: { 'application/json': { ...content, example } } } },
  };
}

/** A value for each variable that has to be given, or is by default another one than none. */
function exampleOf(variables: readonly AiVariableSpec[]): JsonObject {
  return Object.fromEntries(
    variables.flatMap((variable) => {
      const { name, isRequired } = variable;
      const value = variable.default ?? (isRequired ? firstOf(variable) : null);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

function firstOf({ name, type, values, minimum, maximum, lengthMax }: AiVariableSpec): Json {
  const text = name.slice(0, lengthMax);
  switch (type) {
    case 'enum':
      return values[0] ?? text;
    case 'integer':
      return Math.ceil(minimum ?? Math.min(1, maximum ?? 1));
    case 'number':
      return minimum ?? Math.min(1, maximum ?? 1);
    case 'boolean':
      return true;
    case 'list':
      return [text];
    default:
      return text;
  }
}

/** With other names in its references; what is defined within is found under those. */
function renamed(value: Json, rename: (ref: string) => string): Json {
  if (isList(value)) return value.map((one) => renamed(one, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, held]) => !(key === '$defs' && isObject(held)))
      .map(([key, held]) => [key, key === '$ref' && typeof held === 'string' ? rename(held) : renamed(held, rename)]),
  );
}

/** Names that callers may ask for; none: they are not listed. */
function modelsOf({ ai: offer }: Route, ai: Ai | null): readonly string[] {
  const stated = offer?.models ?? [];
  return stated.length > 0 ? stated : (ai?.models ?? []).map(({ id }) => id);
}

const anything: JsonObject = { 'application/json': { schema: { type: 'object' } } };
const answered = (description: string): JsonObject => ({ '200': { description, content: anything } });

function addModels(models: readonly string[], base: string, { paths, schemas }: Parts): void {
  const model: JsonObject = models.length === 0 ? { type: 'string' } : { type: 'string', enum: models };
  schemas['ChatRequest'] = {
    type: 'object',
    required: ['model', 'messages'],
    properties: {
      model,
      messages: { type: 'array', minItems: 1, items: { $ref: '#/components/schemas/ChatMessage' } },
      stream: { type: 'boolean' },
      temperature: { type: 'number', minimum: 0, maximum: 2 },
      max_tokens: { type: 'integer', minimum: 1 },
    },
  };
  schemas['ChatMessage'] = {
    type: 'object',
    required: ['role', 'content'],
    properties: {
      role: { type: 'string', enum: ['user', 'assistant', 'system', 'tool'] },
      content: { type: ['string', 'array', 'null'] },
    },
  };
  const chat = {
    post: {
      operationId: 'chat',
      summary: 'Ask a model, in the format of OpenAI’s chat completions; its client libraries take this base path',
      requestBody: { required: true, content: json('ChatRequest') },
      responses: answered('The answer; with `stream`, events of it.'),
    },
  };
  const messages = [{ role: 'user', content: 'Hello' }];
  paths[`${base}/chat/completions`] = withExample(chat, { model: models[0] ?? 'provider/model', messages });
  paths[`${base}/models`] = {
    get: { operationId: 'models', summary: 'The models that may be asked', responses: answered('Their names.') },
  };
}

const json = (name: string): JsonObject => ({
  'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
});
