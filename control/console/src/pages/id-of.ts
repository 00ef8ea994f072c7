/** Ids as they are offered beside a name. Pure, and in a file of its own: what else new services begin with brings the reader of YAML along. */

/** `Shop & more` → `shop-more`. */
export function idOf(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '');
}
