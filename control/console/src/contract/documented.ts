/**
 * An OpenAPI 3.x document as its pages show it: operations with their parameters, bodies and answers. The document was checked when it
 * was imported; here whatever is odd in it is left out, references are followed a bounded number of times, and nothing is fetched. Pure.
 */
import { isMapping } from '../design/design-yaml.js';

type Fields = Readonly<Record<string, unknown>>;

export interface Documented {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly servers: readonly string[];
  readonly operations: readonly Operation[];
}

export interface Operation {
  /** `GET /orders/{id}`: there is one of each. */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly isDeprecated: boolean;
  readonly parameters: readonly Parameter[];
  readonly body: Body | null;
  readonly answers: readonly AnswerShape[];
}

export interface Parameter {
  readonly name: string;
  readonly place: 'path' | 'query' | 'header' | 'cookie';
  readonly isRequired: boolean;
  readonly description: string;
  readonly schema: unknown;
  readonly example: string;
}

export interface Body {
  readonly mediaType: string;
  readonly isRequired: boolean;
  readonly schema: unknown;
  readonly example: string;
}

export interface AnswerShape {
  readonly status: string;
  readonly description: string;
  readonly mediaType: string;
  readonly schema: unknown;
}

export const operationsMax = 1_000;
const REFERENCES_MAX = 8;
const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace'] as const;

export function readDocument(root: unknown): Documented | null {
  if (!isMapping(root)) return null;
  const info = fieldsOf(root['info']);
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries(fieldsOf(root['paths']))) {
    const shared = fieldsOf(follow(root, item));
    for (const method of METHODS) {
      const written = shared[method];
      if (isMapping(written) && operations.length < operationsMax)
        operations.push(operationOf(root, method.toUpperCase(), path, written, listOf(shared['parameters'])));
    }
  }
  return {
    title: textOf(info['title']),
    version: textOf(info['version']),
    description: textOf(info['description']),
    servers: listOf(root['servers']).map((server) => textOf(fieldsOf(server)['url'])),
    operations,
  };
}

/** What a `$ref` within the document means; anything else is itself. */
export function follow(root: Fields, value: unknown): unknown {
  let at = value;
  for (let steps = 0; steps < REFERENCES_MAX; steps += 1) {
    const reference = isMapping(at) ? at['$ref'] : undefined;
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return at;
    at = reference
      .slice(2)
      .split('/')
      .map((step) => decoded(step).replace(/~1/g, '/').replace(/~0/g, '~'))
      .reduce<unknown>(
        (within, step) => (isMapping(within) && Object.hasOwn(within, step) ? within[step] : undefined),
        root,
      );
  }
  return {};
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function operationOf(
  root: Fields,
  method: string,
  path: string,
  written: Fields,
  shared: readonly unknown[],
): Operation {
  const parameters = new Map<string, Parameter>();
  for (const entry of [...shared, ...listOf(written['parameters'])]) {
    const parameter = parameterOf(root, follow(root, entry));
    if (parameter !== null) parameters.set(`${parameter.place} ${parameter.name}`, parameter);
  }
  return {
    ...{ key: `${method} ${path}`, method, path },
    summary: textOf(written['summary']),
    description: textOf(written['description']),
    isDeprecated: written['deprecated'] === true,
    parameters: [...parameters.values()],
    body: bodyOf(root, follow(root, written['requestBody'])),
    answers: Object.entries(fieldsOf(written['responses'])).map(([status, answer]) =>
      answerOf(root, status, fieldsOf(follow(root, answer))),
    ),
  };
}

function parameterOf(root: Fields, written: unknown): Parameter | null {
  const { name, in: place, required, description, schema, example } = fieldsOf(written);
  if (typeof name !== 'string') return null;
  if (place !== 'path' && place !== 'query' && place !== 'header' && place !== 'cookie') return null;
  const meant = follow(root, schema);
  const { example: ofSchema, default: byDefault } = fieldsOf(meant);
  return {
    ...{ name, place, schema: meant, isRequired: required === true || place === 'path' },
    description: textOf(description),
    example: scalarOf(example ?? ofSchema ?? byDefault),
  };
}

function bodyOf(root: Fields, written: unknown): Body | null {
  if (!isMapping(written)) return null;
  const contents = Object.entries(fieldsOf(written['content']));
  const [mediaType, content] = contents.find(([type]) => /json/.test(type)) ?? contents[0] ?? ['', {}];
  const { schema, example, examples } = fieldsOf(content);
  const [named] = Object.values(fieldsOf(examples));
  const given = example ?? fieldsOf(follow(root, named))['value'];
  return {
    mediaType,
    isRequired: written['required'] === true,
    schema: follow(root, schema),
    example: bodyText(given),
  };
}

function answerOf(root: Fields, status: string, written: Fields): AnswerShape {
  const [[mediaType, content] = ['', {}]] = Object.entries(fieldsOf(written['content']));
  return {
    status,
    description: textOf(written['description']),
    mediaType,
    schema: follow(root, fieldsOf(content)['schema']),
  };
}

function bodyText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const scalarOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

function fieldsOf(value: unknown): Fields {
  return isMapping(value) ? value : {};
}
