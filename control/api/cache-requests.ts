/**
 * What an operator asks of the cache, read from JSON: which stored answers a purge means, and which request is inspected.
 *
 * URLs are taken apart by hand, since what is stored is compared with what clients send: a parser that tidies a query up
 * (`'` to `%27`) would purge something else. Pure.
 */
import { type InspectedRequest, type PurgeTarget, purgeTargetsMax } from '@weir/proto/events/cache.js';
import { isObject, type Read, refuse } from './read-request.js';

export interface PurgeRequest {
  readonly targets: readonly PurgeTarget[];
  readonly isSoft: boolean;
}

const KINDS = ['url', 'prefix', 'host', 'tag', 'tags'] as const;
const PURGE_KEYS: ReadonlySet<string> = new Set([...KINDS, 'all', 'soft']);

const FORM =
  'Send a JSON object with url, prefix, host, tag, tags (each a text or a list) or all: true, and soft: true.';

export function readPurge(body: unknown): Read<PurgeRequest> {
  if (!isObject(body)) return refuse(FORM);
  const unknown = Object.keys(body).find((key) => !PURGE_KEYS.has(key));
  if (unknown !== undefined) return refuse(`There is no ${JSON.stringify(unknown.slice(0, 60))} here. ${FORM}`);
  const { all = false, soft = false } = body;
  if (typeof all !== 'boolean' || typeof soft !== 'boolean') return refuse('`all` and `soft` are true or false.');
  const targets: PurgeTarget[] = all ? [{ kind: 'all' }] : [];
  for (const kind of KINDS) {
    for (const written of listOf(body[kind])) {
      const target =
        typeof written === 'string' ? readTarget(kind, written) : refuse(`\`${kind}\` is a text, or a list.`);
      if (!target.ok) return target;
      targets.push(target.value);
    }
  }
  if (targets.length === 0) return refuse(`It is not said what to purge. ${FORM}`);
  if (targets.length > purgeTargetsMax) return refuse(`One purge means ${purgeTargetsMax} things at most.`);
  return { ok: true, value: { targets, isSoft: soft } };
}

function readTarget(kind: (typeof KINDS)[number], written: string): Read<PurgeTarget> {
  if (kind === 'tag' || kind === 'tags') return readTag(written);
  if (kind === 'host') {
    const authority = written.toLowerCase();
    return HOST.test(authority)
      ? { ok: true, value: { kind, authority } }
      : refuse(`${shown(written)} is no host. Write example.com, or example.com:8080 for one port alone.`);
  }
  const url = readUrl(written);
  if (url === null) return refuse(`${shown(written)} is no URL. Write https://example.com/path.`);
  const { authority, path, query } = url;
  if (kind === 'url') return { ok: true, value: { kind, authority, path, query } };
  if (query !== '') return refuse(`The prefix ${shown(written)} has a query; it is about paths.`);
  return { ok: true, value: { kind, authority, prefix: path } };
}

/** As node/cache/purge/tags.ts reads them from answers; what can't be one of those would purge nothing. */
const TAG_LENGTH_MAX = 256;

function readTag(written: string): Read<PurgeTarget> {
  const tag = written.trim();
  if (tag === '' || tag.length > TAG_LENGTH_MAX) return refuse(`A tag has 1 to ${TAG_LENGTH_MAX} characters.`);
  if (tag.includes(',')) return refuse(`${shown(written)} are several tags; send them as a list.`);
  return { ok: true, value: { kind: 'tag', tag } };
}

const INSPECT_KEYS: ReadonlySet<string> = new Set(['url', 'method', 'headers', 'consumer']);

export function readInspect(body: unknown): Read<InspectedRequest> {
  const form = 'Send a JSON object with url, and if need be method, headers (a mapping) and consumer.';
  if (!isObject(body)) return refuse(form);
  const unknown = Object.keys(body).find((key) => !INSPECT_KEYS.has(key));
  if (unknown !== undefined) return refuse(`There is no ${JSON.stringify(unknown.slice(0, 60))} here. ${form}`);
  const { url: written, method = 'GET', headers = {}, consumer = null } = body;
  const url = typeof written === 'string' ? readUrl(written) : null;
  if (url === null) return refuse(`${shown(String(written))} is no URL. ${form}`);
  if (typeof method !== 'string' || !TOKEN.test(method)) return refuse('`method` is a method, such as GET.');
  if (consumer !== null && typeof consumer !== 'string') return refuse('`consumer` is the id of a consumer.');
  const list = readHeaders(headers);
  if (list === null) return refuse('`headers` is a mapping from names to values.');
  return { ok: true, value: { ...url, method, headers: list, consumer } };
}

const HEADERS_MAX = 100;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;

function readHeaders(headers: unknown): readonly string[] | null {
  if (!isObject(headers)) return null;
  const entries = Object.entries(headers);
  if (entries.length > HEADERS_MAX) return null;
  const list: string[] = [];
  for (const [name, value] of entries) {
    if (!TOKEN.test(name) || typeof value !== 'string') return null;
    list.push(name.toLowerCase(), value);
  }
  return list;
}

const HOST = /^(\[[0-9a-f:.]+\]|[^\s/?#@:[\]]+)(:\d{1,5})?$/;
const URL_PARTS = /^(?:(https?):\/\/)?([^/?#\s]+)(\/[^?#\s]*)?(?:\?([^#\s]*))?(?:#.*)?$/i;

function readUrl(written: string): Pick<InspectedRequest, 'scheme' | 'authority' | 'path' | 'query'> | null {
  const parts = URL_PARTS.exec(written);
  const authority = parts?.[2]?.toLowerCase() ?? '';
  if (parts === null || !HOST.test(authority)) return null;
  const scheme = parts[1]?.toLowerCase() === 'https' ? 'https' : 'http';
  return { scheme, authority, path: parts[3] ?? '/', query: parts[4] ?? '' };
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

const shown = (written: string): string => JSON.stringify(written.slice(0, 200));
