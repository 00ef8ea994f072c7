/**
 * What a provider says when it does not answer, from one table: what the caller is told, and what else may be tried. Whoever
 * wants to know whether another key, another model or the same one once more may help reads it here. Pure.
 */

interface ErrorRow {
  /** Status that the caller gets. */
  readonly status: number;
  /** The same request may work at the same place a little later. */
  readonly mayRepeat: boolean;
  /** Another key of the same provider may help. */
  readonly otherKey: boolean;
  /** Another provider or model may help. */
  readonly otherModel: boolean;
}

const row = (status: number, mayRepeat: boolean, otherKey: boolean, otherModel: boolean): ErrorRow => ({
  status,
  mayRepeat,
  otherKey,
  otherModel,
});

export const providerErrorTable = {
  /** The request is wrong, and stays so wherever it is sent. */
  invalidRequest: row(400, false, false, false),
  requestTooLarge: row(413, false, false, true),
  /** Input and asked output do not fit into the model's window: a larger model may take it. */
  contextExceeded: row(400, false, false, true),
  /** Input or output was held back by the provider's policy. */
  contentFiltered: row(400, false, false, true),
  /** The key is wrong or revoked. To the caller it is the gateway's fault, for it is the gateway's key. */
  authentication: row(502, false, true, true),
  permission: row(502, false, true, true),
  /** No such model, deployment or endpoint. */
  notFound: row(404, false, false, true),
  rateLimited: row(429, true, true, true),
  /** The account has nothing left: no wait helps. */
  quotaExhausted: row(429, false, true, true),
  overloaded: row(503, true, false, true),
  server: row(502, true, false, true),
  timeout: row(504, false, false, true),
  /** The stream ended without saying that it was whole. */
  cut: row(502, true, false, true),
  /** What came can't be read as the provider's format. */
  malformed: row(502, true, false, true),
} as const satisfies Record<string, ErrorRow>;

export type ProviderErrorKind = keyof typeof providerErrorTable;

export interface ProviderError {
  readonly kind: ProviderErrorKind;
  /** For people, from the provider; may quote the request. Never holds a key. */
  readonly message: string;
  /** The provider's own code or type; null where it has none. */
  readonly native: string | null;
  /** The field that is to blame, in the provider's words. */
  readonly param: string | null;
  /** How long the provider wants to be left alone; null: it has not said. */
  readonly retryAfterMs: number | null;
}

export function providerError(
  kind: ProviderErrorKind,
  message: string,
  more: Partial<Omit<ProviderError, 'kind' | 'message'>> = {},
): ProviderError {
  return {
    kind,
    message,
    native: more.native ?? null,
    param: more.param ?? null,
    retryAfterMs: more.retryAfterMs ?? null,
  };
}

/** What a status alone says, where the body says nothing better. */
export function kindOfStatus(status: number): ProviderErrorKind {
  switch (status) {
    case 401:
      return 'authentication';
    case 402:
      return 'quotaExhausted';
    case 403:
      return 'permission';
    case 404:
      return 'notFound';
    case 408:
    case 504:
      return 'timeout';
    case 413:
      return 'requestTooLarge';
    case 429:
      return 'rateLimited';
    case 503:
    case 529:
      return 'overloaded';
    default:
      return status >= 500 ? 'server' : 'invalidRequest';
  }
}
