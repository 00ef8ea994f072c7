/** Sources that models name, each in its provider's words: what they have in common where the source is a page of the web. Pure. */
import { isObject, type JsonObject, numberOf, textOf } from '../json.js';

export interface CitedUrl {
  readonly url: string;
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

/** A source as any of the providers says it, if it is a page of the web: `url` beside its title, or in `url_citation`. */
export function citedUrl(citation: JsonObject): CitedUrl | null {
  const told = isObject(citation['url_citation']) ? citation['url_citation'] : citation;
  const url = textOf(told['url']) ?? textOf(told['uri']);
  if (url === null) return null;
  const start = numberOf(told['start_index']) ?? 0;
  return { url, title: textOf(told['title']) ?? '', start, end: numberOf(told['end_index']) ?? start };
}
