/** Percent-encoding as signatures and paths need it: everything but the unreserved characters of RFC 3986 §2.3. Pure. */

/** Never throws: a half of a character that stands alone, which `encodeURIComponent` refuses, is U+FFFD. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text.replaceAll(LONE_SURROGATE, '\uFFFD')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const LONE_SURROGATE = /[\uD800-\uDFFF]/gu;
