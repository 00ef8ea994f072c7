/** What a client asks of a list by its query, and what the query is below. Pure. */

export interface PageParameters {
  readonly limit: string;
  readonly cursor: string;
  /** Of the upstream's paging: clients have no say in those. */
  readonly others: readonly string[];
}

export type PageQuery =
  | {
      readonly ok: true;
      /** Null: the client does not say. */
      readonly limit: number | null;
      readonly cursor: string | null;
      /** Pairs as they were written, without those that are about pages. */
      readonly rest: readonly string[];
    }
  | { readonly ok: false; readonly why: string };

export function readPageQuery(query: string, { limit, cursor, others }: PageParameters): PageQuery {
  const rest: string[] = [];
  const said = new Map<string, string>();
  for (const pair of query === '' ? [] : query.split('&')) {
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    if (name !== limit && name !== cursor) {
      if (name === null || !others.includes(name)) rest.push(pair);
      continue;
    }
    if (said.has(name)) return { ok: false, why: `\`${name}\` comes more than once` };
    const value = decoded(equals < 0 ? '' : pair.slice(equals + 1));
    if (value === null) return { ok: false, why: `\`${name}\` can't be decoded` };
    said.set(name, value);
  }
  const length = said.get(limit);
  if (length !== undefined && !/^0*[1-9]\d*$/.test(length))
    return { ok: false, why: `\`${limit}\` is no whole number from 1 on` };
  // As many digits as anybody likes: what is beyond the bound is the bound.
  return { ok: true, limit: length === undefined ? null : Number(length), cursor: said.get(cursor) ?? null, rest };
}

/** Null: it is no text. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** The query of the next page, as the client would write it. */
export function nextQuery(shown: string, cursorName: string, cursor: string): string {
  const others = shown.split('&').filter((pair) => pair !== '' && decoded(pair.split('=', 1)[0] ?? '') !== cursorName);
  return [...others, `${encodeURIComponent(cursorName)}=${encodeURIComponent(cursor)}`].join('&');
}

/** RFC 8288 §3, as a reference to the same path: whatever stands before this gateway may have given it another one. */
export function nextLink(query: string): string {
  const written = query.replace(/[^\x21\x23-\x3b\x3d\x3f-\x7e]/gu, (character) =>
    encodeURIComponent(wellFormed(character)),
  );
  return `<?${written}>; rel="next"`;
}

/** Half of a pair of surrogates has no bytes in UTF-8. */
const wellFormed = (character: string): string =>
  /[\ud800-\udfff]/.test(character) && character.length === 1 ? '\ufffd' : character;
