/** One operation of a contract: parameters, body and responses, with references followed. Pure. */

import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  kindOf,
  listAt,
  member,
  objectAt,
  pointerTo,
  textAt,
} from '@weir/proto/contract/json-value.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import {
  type Body,
  type HttpMethod,
  isJsonType,
  type Media,
  type Operation,
  type Parameter,
  type ParameterPlace,
  type ParameterStyle,
  parameterPlaces,
  type ResponseOf,
  type Server,
} from './contract.js';
import { type ContractFaults, shown } from './contract-faults.js';
import type { Schemas } from './read-schemas.js';
import { readServers } from './read-servers.js';
import type { Found, References } from './references.js';

export interface OperationContext {
  readonly references: References;
  readonly schemas: Schemas;
  readonly faults: ContractFaults;
  /** `security` of the document. */
  readonly security: Json | null;
}

export interface OperationPlace {
  readonly id: string;
  readonly method: HttpMethod;
  readonly path: string;
  /** Names in the path. */
  readonly names: readonly string[];
  readonly item: Found;
  readonly operation: JsonObject;
  readonly pointer: string;
}

const PARAMETERS_MAX = 500;
const MEDIA_MAX = 100;

export function readOperation(place: OperationPlace, context: OperationContext): Operation {
  const { operation, pointer, item } = place;
  const { faults } = context;
  const own = member(operation, 'servers') === undefined ? item.value : operation;
  const servers: readonly Server[] = readServers(listAt(own, 'servers'), pointerTo(pointer, 'servers'), faults);
  return {
    ...{ id: place.id, operationId: textAt(operation, 'operationId'), method: place.method, path: place.path, pointer },
    summary: textAt(operation, 'summary') || textAt(item.value, 'summary'),
    description: textAt(operation, 'description'),
    tags: listAt(operation, 'tags').filter((tag) => typeof tag === 'string'),
    isDeprecated: member(operation, 'deprecated') === true,
    parameters: parametersOf(place, context),
    body: bodyOf(operation, pointer, context),
    responses: responsesOf(operation, pointer, context),
    servers,
    security: member(operation, 'security') ?? context.security,
    extensions: { ...extensionsOf(item.value), ...extensionsOf(operation) },
  };
}

function extensionsOf(value: Json): JsonObject {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => key.startsWith('x-'))) : {};
}

/** Those of the path, and over them those of the operation. */
function parametersOf(place: OperationPlace, context: OperationContext): Parameter[] {
  const { item, operation, pointer, names } = place;
  const byName = new Map<string, Parameter>();
  for (const [holder, base] of [
    [item.value, item.pointer],
    [operation, pointer],
  ] as const) {
    const list = listAt(holder, 'parameters');
    const seen = new Set<string>();
    for (const [index, one] of list.slice(0, PARAMETERS_MAX).entries()) {
      const parameter = readParameter(one, pointerTo(base, 'parameters', index), context);
      if (parameter === null) continue;
      const key = `${parameter.in} ${parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name}`;
      if (seen.has(key))
        context.faults.error(
          parameter.pointer,
          `the parameter ${shown(parameter.name)} is here a second time`,
          'keep one of them',
        );
      seen.add(key);
      byName.set(key, parameter);
    }
    if (list.length > PARAMETERS_MAX)
      context.faults.error(
        pointerTo(base, 'parameters'),
        `there are more than ${PARAMETERS_MAX} parameters`,
        'take a body instead',
      );
  }
  const parameters = [...byName.values()];
  for (const parameter of parameters) {
    if (parameter.in !== 'path' || names.includes(parameter.name)) continue;
    const message = `the path has no parameter {${shown(parameter.name)}}`;
    context.faults.warn(parameter.pointer, message, 'put it into the path, or say where else it stands with `in`');
  }
  const stated = new Set(parameters.flatMap((parameter) => (parameter.in === 'path' ? [parameter.name] : [])));
  for (const name of names) {
    if (stated.has(name)) continue;
    const message = `the parameter {${shown(name)}} of the path is not described`;
    context.faults.warn(pointer, message, `add { name: ${shown(name)}, in: path, required: true, schema: … }`);
  }
  return parameters.filter((parameter) => parameter.in !== 'path' || names.includes(parameter.name));
}

const defaultStyle: Readonly<Record<ParameterPlace, ParameterStyle>> = {
  path: 'simple',
  query: 'form',
  header: 'simple',
  cookie: 'form',
};

const stylesOf: Readonly<Record<ParameterPlace, readonly string[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
};

/** OpenAPI 3.1.1, §4.8.12.1: what stands here under these names is ignored. */
const IGNORED_HEADERS = new Set(['accept', 'content-type', 'authorization']);

function readParameter(written: Json, at: string, context: OperationContext): Parameter | null {
  const { faults, schemas } = context;
  const found = context.references.follow(written, at);
  if (found === null) return null;
  const { value, pointer } = found;
  if (!isObject(value)) {
    faults.error(pointer, `a parameter must be an object, not ${kindOf(value)}`, 'write { name, in, schema }');
    return null;
  }
  const name = textAt(value, 'name');
  const place = parameterPlaces.find((known) => known === member(value, 'in'));
  if (name === '') faults.error(pointer, 'the parameter has no name', 'add `name`');
  if (place === undefined)
    faults.error(
      pointerTo(pointer, 'in'),
      '`in` must be one of path, query, header, cookie',
      'say where the parameter stands',
    );
  if (name === '' || place === undefined || (place === 'header' && IGNORED_HEADERS.has(name.toLowerCase())))
    return null;
  if (place === 'path' && member(value, 'required') !== true)
    faults.warn(pointer, 'a parameter of the path is always required', 'add `required: true`');
  const style = textAt(value, 'style') || defaultStyle[place];
  if (!stylesOf[place].includes(style))
    faults.error(
      pointerTo(pointer, 'style'),
      `in ${place} there is no style ${shown(style)}`,
      `write one of ${stylesOf[place].join(', ')}`,
    );
  const content = contentOf(value, pointer, context);
  const schema = member(value, 'schema') ?? content[0]?.schema ?? null;
  if (member(value, 'schema') !== undefined)
    schemas.check(member(value, 'schema') ?? null, pointerTo(pointer, 'schema'));
  else if (content.length === 0)
    faults.warn(pointer, 'the parameter has no schema, so anything is right', 'add `schema`');
  const explode = member(value, 'explode');
  return {
    ...{ name, in: place, isRequired: place === 'path' || member(value, 'required') === true, pointer },
    ...{ isDeprecated: member(value, 'deprecated') === true, allowsEmpty: member(value, 'allowEmptyValue') === true },
    style: style as ParameterStyle, // Another one is a fault, and nothing is made of a contract with faults.
    explode: typeof explode === 'boolean' ? explode : style === 'form' || style === 'deepObject',
    isJson: content.length > 0 && isJsonType(content[0]?.type ?? ''),
    schema,
  };
}

function bodyOf(operation: JsonObject, base: string, context: OperationContext): Body | null {
  const written = member(operation, 'requestBody');
  if (written === undefined) return null;
  const found = context.references.follow(written, pointerTo(base, 'requestBody'));
  if (found === null) return null;
  const { value, pointer } = found;
  if (!isObject(value)) {
    context.faults.error(
      pointer,
      `a body must be an object, not ${kindOf(value)}`,
      'write { content: { application/json: { schema } } }',
    );
    return null;
  }
  const content = contentOf(value, pointer, context);
  if (content.length === 0) context.faults.warn(pointer, 'the body has no media type', 'add `content`');
  return { isRequired: member(value, 'required') === true, content, pointer };
}

const MEDIA_TYPE = /^[\w.!#$&^*+-]+\/[\w.!#$&^*+-]+$/;

function contentOf(holder: JsonObject, base: string, context: OperationContext): Media[] {
  const written = Object.entries(objectAt(holder, 'content'));
  if (written.length > MEDIA_MAX)
    context.faults.error(
      pointerTo(base, 'content'),
      `there are more than ${MEDIA_MAX} media types`,
      'write a range such as text/*',
    );
  return written.slice(0, MEDIA_MAX).flatMap(([type, one]) => {
    const pointer = pointerTo(base, 'content', type);
    const bare = mediaTypeOf(type);
    if (!MEDIA_TYPE.test(bare)) {
      context.faults.error(pointer, `${shown(type)} is no media type`, 'write one such as application/json');
      return [];
    }
    if (!isObject(one)) {
      context.faults.error(
        pointer,
        `a media type must be described by an object, not ${kindOf(one)}`,
        'write { schema: … }',
      );
      return [];
    }
    const schema = member(one, 'schema');
    if (schema !== undefined) context.schemas.check(schema, pointerTo(pointer, 'schema'));
    return [{ type: bare, schema: schema ?? null, examples: examplesOf(one, pointer, context), pointer }];
  });
}

const EXAMPLES_MAX = 100;

function examplesOf(media: JsonObject, base: string, { references }: OperationContext): Media['examples'] {
  const single = member(media, 'example');
  const named = Object.entries(objectAt(media, 'examples')).slice(0, EXAMPLES_MAX);
  return [
    ...(single === undefined ? [] : [{ name: '', value: single }]),
    ...named.flatMap(([name, written]) => {
      const found = references.follow(written, pointerTo(base, 'examples', name));
      // One of elsewhere (`externalValue`) is not fetched.
      const value = found === null ? undefined : member(found.value, 'value');
      return value === undefined ? [] : [{ name, value }];
    }),
  ];
}

function responsesOf(operation: JsonObject, base: string, context: OperationContext): ResponseOf[] {
  const { faults } = context;
  const responses = Object.entries(objectAt(operation, 'responses')).filter(([status]) => !status.startsWith('x-'));
  if (responses.length === 0)
    faults.warn(base, 'the operation has no response', 'add the answers that it gives, at least 200');
  return responses.flatMap(([status, written]) => {
    const at = pointerTo(base, 'responses', status);
    if (!/^(?:[1-5]\d\d|[1-5]XX|default)$/.test(status)) {
      faults.error(at, `${shown(status)} is no status`, 'write one such as 200, a range such as 4XX, or default');
      return [];
    }
    const found = context.references.follow(written, at);
    if (found === null) return [];
    const { value, pointer } = found;
    if (!isObject(value)) {
      faults.error(pointer, `a response must be an object, not ${kindOf(value)}`, 'write { description, content }');
      return [];
    }
    const headers = Object.entries(objectAt(value, 'headers')).flatMap(([name, header]) => {
      const described = context.references.follow(header, pointerTo(pointer, 'headers', name));
      if (described === null) return [];
      const schema = member(described.value, 'schema');
      if (schema !== undefined) context.schemas.check(schema, pointerTo(described.pointer, 'schema'));
      return [{ name, schema: schema ?? null, example: exampleOfHeader(described.value) }];
    });
    return [
      {
        status,
        description: textAt(value, 'description'),
        content: contentOf(value, pointer, context),
        headers,
        pointer,
      },
    ];
  });
}

function exampleOfHeader(header: Json): Json | undefined {
  const own = member(header, 'example');
  if (own !== undefined) return own;
  const [first] = Object.values(objectAt(header, 'examples'));
  return isList(first) ? undefined : member(first, 'value');
}
