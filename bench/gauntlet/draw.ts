/**
 * Chance that does not depend on the order of events: a hash of the seed and of what is drawn for. Two proxies that ask
 * a replica for the same thing meet the same luck, whatever they did before.
 *
 * FNV-1a over the text, then the finalizer of MurmurHash3, without which neighbouring texts fall near each other.
 */
export function draw(seed: number, ...about: readonly (string | number)[]): number {
  let hash = 0x811c9dc5 ^ seed;
  for (const character of about.join('\0')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
