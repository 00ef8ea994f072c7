/**
 * Which words of weir.yaml teams may write in a design, by name: what is not here is the operator's, so a word that is added to weir.yaml
 * is not a team's before somebody has thought about it. Pure.
 *
 * Not here on purpose: hosts and shares of a match (the service decides), `auth` and limits by plan (access and subscriptions do),
 * `mcp` and `passthrough` (other routes, the operator's keys), `logText` (the log is the operator's), `purge` credentials, pools and files of upstreams and providers, limits in
 * Redis, jobs; of prompts `versions` (releases are those), of guards `webhook` (it is asked with what callers say).
 */
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import { closest } from '@weir/proto/config/suggest.js';

/** `true`: whatever it holds, as weir.yaml has it. */
export interface Words {
  readonly [word: string]: true | Words;
}

export const upstreamWords: Words = {
  id: true,
  targets: true,
  balance: true,
  health: true,
  concurrency: true,
  protocol: true,
  hostHeader: true,
  timeouts: true,
  tls: { serverName: true, verify: true },
};

const ai: Words = {
  models: true,
  attempts: true,
  heartbeat: true,
  tokensPerSecondMin: true,
  unsupported: true,
  hedge: true,
  resume: true,
  answerCharsMax: true,
  prompts: true,
  promptsOnly: true,
  guards: true,
  // Not `semantic`: its model would be any of any provider.
  cache: {
    ...{ ttl: true, shared: true, replay: true, temperatureMax: true, filtered: true },
    ...{ collapse: true, maxAnswer: true },
  },
  durable: true,
};

const limit: Words = { rate: true, concurrent: true, burst: true, by: true, mode: true, keys: true };

const cache: Words = {
  ttl: true,
  defaultTtl: true,
  negative: true,
  heuristic: true,
  staleWhileRevalidate: true,
  staleIfError: true,
  staleIfSlow: true,
  key: true,
  bypass: true,
  setCookie: true,
  obeyRequests: true,
  maxBody: true,
  tags: true,
  targets: true,
  collapse: true,
};

/** All but the secret, of which the operator has the key. */
const listWords: Words = {
  ...{ at: true, limit: true, max: true, upTo: true, parameters: true, wrap: true, upstream: true },
};

export const routeWords: Words = {
  id: true,
  match: { path: true, methods: true, headers: true, query: true, cookies: true },
  upstream: true,
  rewrite: true,
  redirect: true,
  respond: true,
  ai,
  timeouts: true,
  headers: true,
  cors: true,
  addresses: true,
  limits: limit,
  bodyLimit: true,
  websocket: true,
  priority: true,
  retry: true,
  hedge: true,
  protect: true,
  fallback: true,
  cache,
  contract: { operation: true, body: true },
  optimize: {
    fields: true,
    list: listWords,
    minify: true,
    compress: { min: true, types: true, encodings: true },
    etag: true,
  },
  convert: true,
  graphql: true,
  coalesce: true,
  mask: true,
  show: true,
};

export const limitWords = limit;
/** Of a plan, where they are about models. */
export const budgetWords: Words = { requests: true, tokens: true, cost: true, by: true, mode: true, keys: true };

/** Of one entry of each. */
export const aiWords = {
  providers: {
    ...{ id: true, kind: true, url: true, keys: true, settings: true, compatible: true, balance: true, health: true },
    ...{ concurrency: true, protocol: true, tls: { serverName: true, verify: true } },
  },
  models: { id: true, targets: true, fallback: true, balance: true, affinity: true, fits: true },
  prompts: {
    ...{
      description: true,
      model: true,
      variables: true,
      messages: true,
      examples: true,
      parameters: true,
      output: true,
    },
  },
  guards: {
    ...{ on: true, pii: true, patterns: true, deny: true, action: true, restore: true, injection: true },
    ...{ maxCharacters: true, maxMessages: true, maxAnswerCharacters: true },
  },
} as const satisfies Readonly<Record<string, Words>>;

const operatorsOnly = 'this is for the operator to decide, in weir.yaml';

/** Words that are not for teams, at any depth that has a list. Of a list each entry. */
export function foreignWords(value: unknown, words: Words, path: Path): Finding[] {
  if (Array.isArray(value)) return value.flatMap((entry, index) => foreignWords(entry, words, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([word, held]) => {
    const known = Object.hasOwn(words, word) ? words[word] : undefined;
    if (known === undefined) {
      const meant = closest(word, Object.keys(words));
      const cure = meant === null ? operatorsOnly : `did you mean ${meant}? If not, ${operatorsOnly}`;
      return [findError([...path, word], 'teams can’t write this', cure)];
    }
    return known === true ? [] : foreignWords(held, known, [...path, word]);
  });
}

const REFERENCE = /\$\$|\$\{[^}]{0,200}\}?/g;
const OWN_SECRET = /^\$\{secret:([A-Za-z_][A-Za-z0-9_]{0,63})\}$/;

/** Where a secret may stand: header values of requests, the key of a sticky cookie, and keys of providers of models. */
function mayHoldSecret(path: Path): boolean {
  // Step by step: a name of a field may have dots, and look like a path.
  const [list, index, ...rest] = path;
  if (list === 'ai') return index === 'providers' && isKey(rest);
  if (typeof index !== 'number') return false;
  const isAt = (...steps: readonly string[]): boolean => steps.every((step, i) => rest[i] === step);
  if (list === 'upstreams') return rest.length === 3 && isAt('balance', 'sticky', 'secret');
  const isEdit = isAt('headers', 'request', 'set') || isAt('headers', 'request', 'add');
  return list === 'routes' && isEdit && rest.length >= 4;
}

/** Behind `ai.providers`: the short form of a provider, its `keys`, or `key` of one of them. */
function isKey([provider, ...rest]: Path): boolean {
  const words = rest.filter((step) => typeof step === 'string');
  return provider !== undefined && ['', 'keys', 'keys key', 'key'].includes(words.join(' '));
}

/** `${secret:KEY}` → `${secret:TEAM/KEY}`, as nodes know it. */
export function withTeam(value: unknown, teamId: string): unknown {
  if (typeof value === 'string')
    return value.replace(/\$\$|\$\{secret:/g, (piece) => (piece === '$$' ? piece : `\${secret:${teamId}/`));
  if (Array.isArray(value)) return value.map((entry) => withTeam(entry, teamId));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, withTeam(held, teamId)]));
}

/** References in texts of a design, and what is wrong with them. */
export function referencesOf(
  value: unknown,
  path: Path,
): { readonly names: readonly string[]; readonly findings: Finding[] } {
  if (typeof value === 'string') return referencesInText(value, path);
  if (typeof value !== 'object' || value === null) return { names: [], findings: [] };
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((entry, index) => [index, entry] as const)
    : Object.entries(value);
  const found = entries.map(([step, held]) => referencesOf(held, [...path, step]));
  return { names: found.flatMap(({ names }) => names), findings: found.flatMap(({ findings }) => findings) };
}

function referencesInText(text: string, path: Path) {
  const names: string[] = [];
  const findings: Finding[] = [];
  for (const [piece] of text.matchAll(REFERENCE)) {
    if (piece === '$$') continue;
    const name = OWN_SECRET.exec(piece)?.[1];
    const cure = `write \${secret:NAME}, and set the secret of that name for the team`;
    if (name === undefined) findings.push(findError(path, `${piece.slice(0, 60)} is none of the team’s secrets`, cure));
    else if (!mayHoldSecret(path))
      findings.push(
        findError(
          path,
          'a secret can’t stand here',
          'secrets go into header values and keys of providers, and nowhere else',
        ),
      );
    else names.push(name);
  }
  return { names, findings };
}
