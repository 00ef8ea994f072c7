/** How bodies of a route are changed from one form into another, and queries of GraphQL that go by name: what the layers convert and persisted do. */

export const bodyForms = ['json', 'xml', 'form'] as const;
export type BodyForm = (typeof bodyForms)[number];

export interface ConvertSpec {
  /** What the upstream takes; null: as it comes. */
  readonly request: BodyForm | null;
  /** What the client gets; null: as it comes. */
  readonly response: BodyForm | null;
  /** Name of the outermost element of XML that is made here. */
  readonly root: string;
  /** Longer bodies are refused (413, 502). */
  readonly bytesMax: number;
}

export interface PersistedSpec {
  /** By name, and by the SHA-256 of the text in hexadecimal digits. */
  readonly queries: readonly { readonly name: string; readonly sha256: string; readonly text: string }[];
  /** Nothing else is answered. */
  readonly only: boolean;
}
