/** Percent-encoding as signatures and paths need it: everything but the unreserved characters of RFC 3986 §2.3. Pure. */

/** Never throws: a half of a character that stands alone, which `encodeURIComponent` refuses, is U+FFFD. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text.replaceAll(LONE_SURROGATE, '\uFFFD')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const LONE_SURROGATE = /[\uD800-\uDFFF]/gu;

/**
 * One step of a path. Names of models come from clients: one that is `..`, encoded or not, would lead elsewhere with the gateway's
 * key, so it becomes a name that there is not.
 */
export function encodeStep(name: string): string {
  return /^\.{0,2}$/.test(name) ? '-' : encodeUri(name);
}
