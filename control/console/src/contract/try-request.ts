/** A request made of an operation and what was filled in for it; and the same as a command to be copied. Pure. */
import type { Operation } from './documented.js';

export interface TryRequest {
  readonly method: string;
  /** Below the service's base path, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** By `place name`. Empty values are left out, but in paths, where each has to be there. */
export type Filled = Readonly<Record<string, string>>;

export function requestOf(operation: Operation, filled: Filled, key: string, body: string): TryRequest {
  const filledIn = (place: string, name: string): string => filled[`${place} ${name}`] ?? '';
  const path = operation.path.replace(/\{([^{}]+)\}/g, (_, name: string) => encodeURIComponent(filledIn('path', name)));
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (const { name, place } of operation.parameters) {
    const value = filledIn(place, name);
    if (value === '') continue;
    if (place === 'query') query.append(name, value);
    else if (place === 'header') headers[name.toLowerCase()] = value;
    else if (place === 'cookie') cookies.push(`${name}=${encodeURIComponent(value)}`);
  }
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  // In this field the nodes look for it on services of every kind; Authorization may be the caller's own, for the server behind.
  if (key !== '') headers['x-api-key'] = key;
  if (body !== '' && operation.body !== null) headers['content-type'] = operation.body.mediaType || 'application/json';
  const search = query.toString();
  return {
    ...{ method: operation.method, path: search === '' ? path : `${path}?${search}`, headers },
    body: operation.body === null ? '' : body,
  };
}

/** Parameters without which the request can't be made. */
export function missingOf(operation: Operation, filled: Filled): readonly string[] {
  return operation.parameters
    .filter(({ name, place, isRequired }) => isRequired && (filled[`${place} ${name}`] ?? '') === '')
    .map(({ name }) => name);
}

/** For a shell: everything in single quotes. */
export function curlOf(base: string, { method, path, headers, body }: TryRequest): string {
  const parts = [`curl -i${method === 'GET' ? '' : ` -X ${method}`} ${quoted(base + path)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`  -H ${quoted(`${name}: ${value}`)}`);
  if (body !== '') parts.push(`  --data-binary ${quoted(body)}`);
  return parts.join(' \\\n');
}

const quoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;
