/** How answers of a route are made smaller, and need not be sent again: what the layers select, compress and tag do. */
import type { SecretText } from './snapshot.js';

export interface OptimizeSpec {
  /** Null: all fields are sent. */
  readonly fields: FieldsSpec | null;
  /** JSON is sent without white space. */
  readonly minify: boolean;
  /** Null: answers are sent in the coding that they came in. */
  readonly compress: CompressSpec | null;
  /** Answers without an entity tag get one, up to this length in bytes; 0: none does. */
  readonly etagBytesMax: number;
  /** Left out: lists come as the upstream sends them. */
  readonly list?: ListSpec;
}

export interface FieldsSpec {
  /** Of the query: `fields`. */
  readonly parameter: string;
}

/** What compresses well: texts. Pictures, films and archives are compressed already. */
export const compressibleTypes = [
  ...['text/*', 'application/json', '*+json', 'application/javascript', 'application/xml', '*+xml'],
  ...['application/x-ndjson', 'application/yaml', 'application/wasm', 'image/svg+xml', 'image/x-icon', 'font/ttf'],
] as const;
/** Shorter answers gain nothing by it, where nobody says otherwise. */
export const compressFromBytes = 1_024;

export const encodings = ['br', 'zstd', 'gzip'] as const;
export type Encoding = (typeof encodings)[number];

export interface CompressSpec {
  /** Shorter answers gain nothing by it. */
  readonly minBytes: number;
  /** `text/*`, `*+json`, or exactly. */
  readonly types: readonly string[];
  /** In the order in which they are preferred. */
  readonly encodings: readonly Encoding[];
  /** Of answers in their compressed form that are kept for the next who asks, all of the route; 0: none. */
  readonly keptBytes: number;
}

/** Of a node, for all of its routes together. */
export const keptFormsBytesMax = 64 * 1024 * 1024;

/** A list that is sent page by page. */
export interface ListSpec {
  /** Names of members that lead to it; none: the answer is the list. */
  readonly path: readonly string[];
  /** Elements of a page, where the client does not say, and at most. */
  readonly limit: number;
  readonly limitMax: number;
  /** Bytes of a page at most. */
  readonly pageBytesMax: number;
  /** Of the query. */
  readonly parameters: { readonly limit: string; readonly cursor: string };
  /** Names of the two members of the answer; null: it keeps its shape. */
  readonly wrap: { readonly items: string; readonly next: string } | null;
  /** Signs cursors; null: they are only told from those of other lists. */
  readonly secret: SecretText | null;
  readonly upstream: UpstreamPaging;
}

/** How the upstream pages. `max`: elements that it gives at once, at most. */
export type UpstreamPaging =
  /** It does not: it sends all of the list. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'offset'; readonly offset: string; readonly limit: string; readonly max: number }
  /** `first`: number of the first page. */
  | {
      readonly kind: 'pages';
      readonly page: string;
      readonly size: string;
      readonly first: number;
      readonly max: number;
    }
  /** `next`: names of members that lead to what its next request has to say. `limit`: null: nobody says how many. */
  | {
      readonly kind: 'cursor';
      readonly cursor: string;
      readonly limit: string | null;
      readonly max: number;
      readonly next: readonly string[];
    };
