// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/**
 * Fuzzes the config parser: valid files, broken at random, must give faults or a config, quickly, and never an
 * exception. Every case is derived from the seed and its number, so a failure replays from what it prints.
 */
import { checkConfig } from '@weir/control/publish/check-config.js';
import { compileSnapshot } from '@weir/control/publish/compile.js';

export interface FuzzReport {
  readonly cases: number;
  /** One line per failed case, with the seed and number that replay it. */
  readonly failures: readonly string[];
}

const CASE_MS_MAX = 2_000;
const FAILURES_MAX = 20;
const MUTATIONS_MAX = 8;

export function fuzzConfig(seed: number, cases: number): FuzzReport {
  const failures: string[] = [];
  for (let number = 0; number < cases && failures.length < FAILURES_MAX; number += 1) {
    const problem = runCase(mutant(randomFrom(seed, number)));
    if (problem !== null) failures.push(`seed ${seed} case ${number}: ${problem}`);
  }
  return { cases, failures };
}

/** What one text does wrong, or null. */
function runCase(text: string): string | null {
  const startedAtMs = performance.now();
  try {
    const checked = checkConfig(text, ENVIRONMENT, (key) => `hash of ${key.length}`);
    if (checked.ok) {
      const hashes = { sha256Hex: () => '', hashPassword: () => '' };
      compileSnapshot(checked.config, { environment: ENVIRONMENT, version: 1, createdWallMs: 0, ...hashes });
    } else if (checked.faults.length === 0) return 'refused without a fault';
    const faults = checked.ok ? checked.warnings : checked.faults;
    if (faults.some(({ line, column }) => !(line >= 1 && column >= 1))) return 'a fault has no place';
    // None of the secrets may be told, wherever in the file its reference was moved to.
    if (JSON.stringify(faults).includes(SECRET.slice(0, 10))) return 'a message holds a value of the environment';
  } catch (error) {
    return `threw ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 120)}` : String(error)}`;
  }
  const tookMs = performance.now() - startedAtMs;
  return tookMs > CASE_MS_MAX ? `took ${Math.round(tookMs)} ms` : null;
}

const SECRET = 'correct-horse-battery';
const ENVIRONMENT = { KEY: SECRET, LONG: `${SECRET}"${'-staple'.repeat(20)}`, PORT: '8080', EMPTY: '' };

const SEEDS: readonly string[] = [
  `version: 1
gateway: { listen: "127.0.0.1:\${PORT}", timeouts: { total: 30s, attempt: none }, trustedProxies: [10.0.0.0/8, "::1"] }
upstreams:
  - id: app
    targets: [{ url: http://10.0.0.1:9000, weight: 2 }, "https://[::1]:9443"]
    pool: { connections: 10, idle: 4s }
consumers:
  - { id: mobile, keys: [\${KEY}], basic: { username: a, password: \${KEY} } }
routes:
  - id: a
    match: { host: "*.example.com", path: "/orders/{id}", methods: [GET], headers: { x-a: { in: [b] } }, query: { q: "1" } }
    upstream: app
    rewrite: { path: "/o/{id}" }
    auth: [apiKey, { jwt: { secret: "\${KEY}", algorithms: HS256 } }]
    limits: [100/s, { rate: 5/m, by: header:x-t, burst: 2 }]
    headers: { request: { set: { x-b: "v \${KEY}" }, remove: x-c } }
    cors: { origins: ["https://a.example"], credentials: true }
    websocket: { idle: 5m }
    bodyLimit: 10MiB
  - { match: /old, redirect: /new }
  - { match: /ok, respond: { body: hi } }
`,
  // References where no secret belongs: whatever is wrong around them, their values must not be told.
  `upstreams: [{ id: "\${KEY}", targets: http://a }, { id: "\${LONG}", targets: http://b, balance: maglev }]
routes: [{ match: /, upstream: "\${KEY}" }, { match: /, upstream: corect }, { id: "\${LONG}", match: "/\${KEY}" }]
`,
  'a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nroutes: [*c, *c]\n',
];

/** Pieces that have meaning to YAML, to the schema or to JavaScript; random bytes alone seldom reach past the lexer. */
const PIECES: readonly string[] = [
  ...[
    '[',
    ']',
    '{',
    '}',
    ':',
    ': ',
    '- ',
    '? ',
    '| ',
    '>',
    '&x ',
    '*x',
    '!!binary ',
    '!!set ',
    '!x ',
    '%YAML 1.1\n---\n',
    '---\n',
    '...\n',
  ],
  ...[
    '"',
    "'",
    '#',
    '\n',
    '\t',
    '\r',
    '\u0000',
    '\ufeff',
    '\ud800',
    '\u2028',
    '😀',
    '<<: ',
    ',',
    '\\x',
    '$',
    '$$',
    '${',
    '}',
  ],
  ...[
    '${KEY}',
    '${LONG}',
    '${EMPTY}',
    '${NOPE}',
    '${1}',
    '__proto__: x\n',
    'constructor: {}',
    'toString',
    'null',
    '~',
    '.nan',
    '.inf',
  ],
  ...[
    '-1',
    '0',
    '1e999',
    '99999999999999999999',
    '0x1f',
    '1s',
    '9999999h',
    '0ms',
    '1.5KiB',
    'adaptive',
    '/..',
    '/*',
    '/{',
    '*.',
    '::',
  ],
  ...[
    'gateway:',
    'routes:',
    'upstreams: []',
    'retry: {}',
    '{ present: true }',
    '  ',
    'x'.repeat(300),
    '['.repeat(200),
    '- '.repeat(100),
  ],
];

function mutant(random: () => number): string {
  const below = (bound: number): number => Math.floor(random() * bound);
  let text = SEEDS[below(SEEDS.length)] ?? '';
  for (let left = 1 + below(MUTATIONS_MAX); left > 0; left -= 1) {
    const at = below(text.length + 1);
    const end = Math.min(text.length, at + below(20));
    const piece = PIECES[below(PIECES.length)] ?? '';
    const kind = below(5);
    if (kind === 0) text = text.slice(0, at) + piece + text.slice(at);
    else if (kind === 1) text = text.slice(0, at) + text.slice(end);
    else if (kind === 2) text = text.slice(0, at) + piece + text.slice(end);
    else if (kind === 3)
      text = text.slice(0, end) + text.slice(at); // a stretch twice
    else text = swapLines(text, below, piece);
  }
  return text;
}

/** Moves a line elsewhere, or puts a piece in the place of a value: well-formed YAML that means something else. */
function swapLines(text: string, below: (bound: number) => number, piece: string): string {
  const lines = text.split('\n');
  const from = below(lines.length);
  const line = lines[from] ?? '';
  if (below(2) === 0) {
    lines[from] = line.replace(/: [^,}\]\n]*/, () => `: ${piece}`);
    return lines.join('\n');
  }
  lines.splice(from, 1);
  lines.splice(below(lines.length + 1), 0, line);
  return lines.join('\n');
}

/** mulberry32: 32 bits of state, enough to be replayed and far from a pattern in a few thousand cases. */
function randomFrom(seed: number, number: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
