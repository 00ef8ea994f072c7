/** What to do about a Redis that answers with an error, by the word that it begins with. Pure. */

const cures: readonly (readonly [error: RegExp, cure: string])[] = [
  [/^(?:WRONGPASS|NOAUTH|ERR (?:invalid password|AUTH))/, 'look at user and password in --redis'],
  [/^NOPERM/, 'look at user and password in --redis, and at what its ACL lets that user do'],
  [/^READONLY/, 'it is a replica: name its primary in --redis, or make it one'],
  [/^OOM/, 'it is full: give it more maxmemory, or a maxmemory-policy that suits (docs/cache.md, docs/jobs.md)'],
  [/^MISCONF/, 'it can not write its own disk: look at its log'],
  [/^LOADING/, 'it reads its data, and is tried until it is back'],
];

/** `why`: in Redis' own words, or the system's. */
export function awayCure(why: string): string {
  return cures.find(([error]) => error.test(why))?.[1] ?? 'it is tried until it is back';
}
