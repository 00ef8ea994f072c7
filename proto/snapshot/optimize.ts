/** How answers of a route are made smaller, and need not be sent again: what the layers select, compress and tag do. */

export interface OptimizeSpec {
  /** Null: all fields are sent. */
  readonly fields: FieldsSpec | null;
  /** JSON is sent without white space. */
  readonly minify: boolean;
  /** Null: answers are sent in the coding that they came in. */
  readonly compress: CompressSpec | null;
  /** Answers without an entity tag get one, up to this length in bytes; 0: none does. */
  readonly etagBytesMax: number;
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
