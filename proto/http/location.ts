/**
 * Locations that redirects are made of, with `{name}` where a value will stand. Shared by the layer that fills them and
 * by the lint that refuses those that can't be meant.
 */

/** Scheme, host and what is behind it; `{path}`, `{query}` and `{*}` may stand right behind a host and are not part of it. */
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)((?:[^/?#{]|\{(?!path\}|query\}|\*\})[^{}]*\})+)(.*)$/s;

export interface LocationParts {
  /** With its `://`; empty, as is the authority, for a path on the same host. */
  readonly scheme: string;
  readonly authority: string;
  readonly behind: string;
}

export function splitLocation(location: string): LocationParts {
  const [, scheme = '', authority = '', behind = location] = ABSOLUTE.exec(location) ?? [];
  return { scheme, authority, behind };
}

/** Why it can't be a location, as the end of a sentence; null when it can. */
export function whyNotLocation(location: string): string | null {
  if (/[^\x21-\x7e]/.test(location)) return 'is not a location that can be sent';
  // `https:///x` and `//x` are read as a host by browsers, whatever their author meant.
  if (/^([^/?#]*:)?\/\//.test(location) && !ABSOLUTE.test(location)) return 'is a location without scheme or host';
  return null;
}
