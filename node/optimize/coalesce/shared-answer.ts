/** What the answer to a request for several items means for those who asked for one each. Pure. */
import { type HeaderList, hasField, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { varyNames } from '@weir/proto/http/vary.js';
import type { CallEnd } from '../../calls/inner-call.js';
import { makesNoDifference } from './group-key.js';
import { itemsIn } from './json-items.js';

export type SharedVerdict =
  | { readonly kind: 'items'; readonly items: ReadonlyMap<string, string>; readonly headers: MutableHeaderList }
  /** It is the answer of each: of the upstream as a whole, and nothing of an item. */
  | { readonly kind: 'same' }
  /** It can't be divided: each asks by itself. */
  | { readonly kind: 'again'; readonly why: string };

/** The upstream does not take such a request, or one of the items has made it refuse all of them. */
const REFUSED: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 413, 414, 415, 422, 431, 501]);

/** About the list, and not about an item of it. */
const OF_LIST: ReadonlySet<string> = new Set([
  ...['content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified', 'link', 'content-location'],
  ...['content-digest', 'digest', 'content-md5', 'repr-digest', 'x-total-count'],
]);

export interface DividingTerms {
  readonly items: readonly string[];
  readonly key: string;
  readonly ignores: ReadonlySet<string>;
}

export function divided(end: CallEnd & { readonly kind: 'answer' }, terms: DividingTerms): SharedVerdict {
  const { status, headers, bytes } = end;
  // A cookie is one client's, and several would get it.
  if (hasField(headers, 'set-cookie')) return again('it sets a cookie');
  if (REFUSED.has(status)) return again(`the upstream answered ${status}`);
  if (status !== 200) return { kind: 'same' };
  const vary = varyNames(headers);
  const differs =
    vary === '*' ? '*' : vary.find((name) => name !== 'accept-encoding' && makesNoDifference(name, terms.ignores));
  if (differs !== undefined) return again(`it depends on ${differs}`);
  const text = textOf(bytes);
  const items = text === null ? null : itemsIn(text, terms.items, terms.key);
  return items === null
    ? again('it holds no list of items')
    : { kind: 'items', items, headers: headersOfItem(headers) };
}

const again = (why: string): SharedVerdict => ({ kind: 'again', why });

function headersOfItem(headers: HeaderList): MutableHeaderList {
  const kept: MutableHeaderList = [];
  for (let i = 0; i < headers.length; i += 2)
    if (!OF_LIST.has(headers[i] ?? '')) kept.push(headers[i] ?? '', headers[i + 1] ?? '');
  return kept;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
