/** The requests of a batch, as they are sent: `{ "requests": [ { id?, method?, path, headers?, body? } … ] }`. Pure. */
import { isSendableValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import { isObject } from '../../ai/json.js';

export interface BatchItem {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly headers: MutableHeaderList;
  readonly body: Uint8Array | null;
}

export interface BatchBounds {
  readonly requestsMax: number;
  readonly urlBytesMax: number;
  /** Field by which a client states its deadline, lower-case: the batch has one for all. */
  readonly deadlineField: string;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const HEADERS_MAX = 32;
const ID_LENGTH_MAX = 128;

/** Who asks, from where, and by when is of the batch, and not of one request of it. */
const OF_BATCH =
  /^(?:host|content-length|authorization|proxy-authorization|cookie|expect|accept-encoding|prefer|origin|forwarded|via|x-forwarded-.*|x-real-ip|traceparent|tracestate|sec-.*|grpc-timeout)$/;

/** Thrown within this file alone. */
class Malformed extends Error {}

/** A text: why it is no batch. */
export function readBatch(value: unknown, bounds: BatchBounds): BatchItem[] | string {
  const requests = isObject(value) ? value['requests'] : undefined;
  if (!Array.isArray(requests)) return 'a batch is { "requests": [ { "path": … }, … ] }';
  if (requests.length === 0 || requests.length > bounds.requestsMax)
    return `a batch has 1 to ${bounds.requestsMax} requests, and this one has ${requests.length}`;
  try {
    const items = requests.map((one: unknown, index) => readItem(one, index, bounds));
    const ids = new Set(items.map(({ id }) => id));
    return ids.size === items.length ? items : 'two requests of the batch have the same id';
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
}

function readItem(value: unknown, index: number, bounds: BatchBounds): BatchItem {
  const fail = (why: string): never => {
    throw new Malformed(`request ${index} of the batch: ${why}`);
  };
  if (!isObject(value)) return fail('it is no object');
  const { id = String(index), method = 'GET', path, headers = {}, body } = value;
  const name = typeof id === 'number' ? String(id) : id;
  if (typeof name !== 'string' || name.length > ID_LENGTH_MAX) return fail('its id is no short text');
  if (typeof method !== 'string' || !METHODS.has(method))
    return fail(`its method is none of ${[...METHODS].join(', ')}`);
  if (typeof path !== 'string' || !/^\/[\x21-\x7e]*$/.test(path) || path.includes('#'))
    return fail('its path is not like /orders/1?page=2');
  if (path.length > bounds.urlBytesMax) return fail('its path is too long');
  if (!isObject(headers)) return fail('its headers are no object');
  if (body !== undefined && body !== null && WITHOUT_BODY.has(method)) return fail(`${method} has no body`);
  const fields = fieldsOf(headers, bounds.deadlineField, fail);
  const question = path.indexOf('?');
  return {
    ...{ id: name, method, headers: fields },
    path: question < 0 ? path : path.slice(0, question),
    query: question < 0 ? '' : path.slice(question + 1),
    body: bodyOf(body, fields),
  };
}

function fieldsOf(headers: object, deadlineField: string, fail: (why: string) => never): MutableHeaderList {
  const fields: MutableHeaderList = [];
  const entries = Object.entries(headers);
  if (entries.length > HEADERS_MAX) fail(`it has more than ${HEADERS_MAX} headers`);
  for (const [written, value] of entries) {
    if (!FIELD_NAME.test(written)) fail('one of its headers has no name that can be sent');
    const name = written.toLowerCase();
    if (isHopByHop(name) || OF_BATCH.test(name) || name === deadlineField)
      fail(`the header ${name} belongs to the batch, and not to one of its requests`);
    if (typeof value !== 'string' || !isSendableValue(value)) fail(`the header ${name} has no value that can be sent`);
    fields.push(name, value);
  }
  return fields;
}

/** JSON, unless it is a text of which the headers say what else it is. Says in them what it is. */
function bodyOf(body: unknown, fields: MutableHeaderList): Uint8Array | null {
  if (body === undefined || body === null) return null;
  const type = fields.findIndex((name, index) => index % 2 === 0 && name === 'content-type');
  if (type === -1) fields.push('content-type', 'application/json');
  const isText = typeof body === 'string' && type !== -1 && !/[/+]json\b/i.test(fields[type + 1] ?? '');
  return new TextEncoder().encode(isText ? body : JSON.stringify(body));
}
