/**
 * What a prompt takes and answers, as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1): for clients that are made from it, and for people. Nodes tell
 * it beside the prompt, control in the catalogue. Pure.
 */
import type { Json, JsonObject } from '../contract/json-value.js';
import type { AiPromptSpec, AiPromptVersionSpec } from '../snapshot/ai.js';
import { inputsSchema } from './variable-schema.js';

/** `base`: path that `/prompts` stands below. The version is the one that is described; the others are named. */
export function openApiOf(prompt: AiPromptSpec, version: AiPromptVersionSpec, base: string): JsonObject {
  const { id, description } = prompt;
  return {
    openapi: '3.1.1',
    info: { title: id, version: version.id, ...(description === '' ? {} : { description }) },
    servers: [{ url: base === '' ? '/' : base }],
    paths: { [`/prompts/${id}`]: { post: operation(prompt, version) } },
    components: { schemas: { Request: requestSchema(version), Answer: answerSchema(version), Error: errorSchema } },
  };
}

const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string): JsonObject => ({ 'application/json': { schema: ref(name) } });

function operation({ id, description, versions }: AiPromptSpec, version: AiPromptVersionSpec): JsonObject {
  const failed = (text: string): JsonObject => ({ description: text, content: json('Error') });
  return {
    operationId: id.replace(/[^A-Za-z0-9_]/g, '_'),
    ...(description === '' ? {} : { summary: description }),
    parameters: [
      ...(versions.length === 1
        ? []
        : [
            {
              ...{ name: 'version', in: 'query', required: false },
              description: 'Version that answers. Left out: one of those that share the requests.',
              schema: { type: 'string', enum: versions.map((one) => one.id) },
            },
          ]),
      {
        ...{ name: 'x-weir-session', in: 'header', required: false },
        description: 'Requests of one session are answered by one version.',
        schema: { type: 'string' },
      },
    ],
    requestBody: { required: version.variables.some(({ isRequired }) => isRequired), content: json('Request') },
    responses: {
      '200': {
        description: 'The output.',
        headers: { 'x-weir-prompt': { description: 'name@version', schema: { type: 'string' } } },
        content: {
          ...json('Answer'),
          'text/event-stream': {
            schema: {
              type: 'string',
              description: 'Events `start`, `delta` ({"text"}), and `done` (an Answer) or `error` (an Error).',
            },
          },
        },
      },
      '400': failed('An input is missing or wrong; `param` names it.'),
      '404': failed('There is no such prompt or version.'),
      '429': failed('Too many requests, or the models take no more.'),
      '502': failed('The model failed, or its output does not fit.'),
      '504': failed('No model answered in time.'),
    },
  };
}

function requestSchema({ variables }: AiPromptVersionSpec): JsonObject {
  const required = variables.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  // Made of texts, numbers and lists of these.
  const inputs = inputsSchema(variables) as JsonObject;
  return {
    type: 'object',
    properties: {
      inputs,
      stream: { type: 'boolean', description: 'Answer by Server-Sent Events, as with `Accept: text/event-stream`.' },
      user: { type: 'string', description: 'An opaque id of the end user, for the provider.' },
    },
    ...(required.length === 0 ? {} : { required: ['inputs'] }),
    additionalProperties: false,
  };
}

function answerSchema({ output }: AiPromptVersionSpec): JsonObject {
  const text: JsonObject = { type: 'string' };
  // It came as JSON or YAML and was packed as such: nothing else is in it.
  const schema: Json = output === null ? text : (output.schema as JsonObject);
  return {
    type: 'object',
    properties: {
      output: schema,
      prompt: text,
      version: text,
      model: text,
      finish: { type: 'string', description: 'Why the model stopped: stop, length, content_filter, …' },
      usage: {
        type: ['object', 'null'],
        properties: {
          inputTokens: { type: 'integer' },
          outputTokens: { type: 'integer' },
          totalTokens: { type: 'integer' },
          estimated: { type: 'boolean', description: 'Counted by the gateway, for the provider has said nothing.' },
        },
      },
    },
    required: ['output', 'prompt', 'version', 'model', 'finish', 'usage'],
  };
}

const errorSchema: JsonObject = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'], description: 'The field that is to blame: `inputs.text`.' },
        code: { type: ['string', 'null'] },
      },
      required: ['message', 'type'],
    },
  },
  required: ['error'],
};
