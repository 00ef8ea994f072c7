/**
 * The lists and limits that the tidy test holds the house to. Each edge (a place that may do what pure code may not)
 * stands here with its reason; whoever needs a new one argues for it in this file and nowhere else.
 */

/** What pure code never does. `node`: imports a `node:` module; `sockets`: imports a library that opens connections. */
export type Power = 'node' | 'sockets' | 'clock' | 'timers' | 'random' | 'process';

export interface Edge {
  /** A file, or a folder when it ends with a slash; relative to the root. */
  readonly at: string;
  readonly may: readonly Power[];
  readonly reason: string;
}

const all: readonly Power[] = ['node', 'sockets', 'clock', 'timers', 'random', 'process'];

export const edges: readonly Edge[] = [
  { at: 'node/listener/', may: ['node', 'sockets', 'timers'], reason: 'the sockets of clients' },
  { at: 'node/upstream/transport/', may: ['node', 'sockets'], reason: 'the sockets of upstreams' },
  { at: 'node/upstream/transport/http1-turn.ts', may: ['timers'], reason: 'finds the end of a turn of the event loop' },
  { at: 'node/upstream/dns/', may: ['node', 'sockets'], reason: 'asks the resolver' },
  {
    at: 'node/time/system-clock.ts',
    may: ['node', 'clock', 'timers'],
    reason: 'the real clock, which everything else is given',
  },
  {
    at: 'node/time/give-way.ts',
    may: ['node', 'clock'],
    reason: 'waits for a turn of the event loop that was quick, and collects',
  },
  { at: 'node/auth/credential-functions.ts', may: ['node'], reason: "node's cryptography behind plain functions" },
  { at: 'node/auth/jwks-source.ts', may: ['node', 'sockets', 'timers'], reason: "fetches an issuer's keys" },
  { at: 'node/auth/testing/', may: ['node'], reason: 'makes password hashes for tests' },
  { at: 'node/ai/aws/digests.ts', may: ['node'], reason: "node's cryptography behind signatures" },
  {
    at: 'node/ai/google/outside.ts',
    may: ['node', 'sockets', 'timers'],
    reason: 'signs for access tokens, and fetches them',
  },
  { at: 'node/jobs/redis-link.ts', may: ['node', 'sockets'], reason: 'the connections to the Redis that keeps jobs' },
  { at: 'node/redis/redis-link.ts', may: ['sockets'], reason: 'the connections to the Redis of caches and limits' },
  { at: 'node/cache/l2/digest.ts', may: ['node'], reason: "node's cryptography behind keys and tokens" },
  { at: 'node/jobs/redis-store.ts', may: ['node'], reason: 'hashes the names of sharers' },
  { at: 'node/layers/tag.ts', may: ['node'], reason: 'hashes answers as they come' },
  { at: 'node/observe/', may: ['node', 'sockets', 'process'], reason: 'adapters to pino, Prometheus and OTLP' },
  { at: 'node/observe/metrics-server.ts', may: ['timers'], reason: 'gives up on who takes nothing of a page' },
  { at: 'node/optimize/compress/compressor.ts', may: ['node'], reason: "the platform's zlib" },
  { at: 'node/process/', may: all, reason: 'a node as an operating system process' },
  { at: 'node/node.ts', may: all, reason: 'composition root of a node: hands out clock, randomness and sockets' },
  { at: 'node/main.ts', may: all, reason: 'entry of the node process' },
  { at: 'proto/bus/', may: ['node', 'sockets', 'process'], reason: 'messages between processes' },
  { at: 'proto/bus/real-clock.ts', may: ['clock', 'timers'], reason: 'the real clock of buses and presences' },
  { at: 'proto/signing/ed25519.ts', may: ['node'], reason: "node's signatures behind plain functions" },
  { at: 'proto/signing/sealed-box.ts', may: ['node'], reason: "node's X25519 and AES behind plain functions" },
  { at: 'control/api/', may: ['node', 'sockets', 'clock', 'timers', 'process'], reason: 'the admin API' },
  { at: 'control/console/vite.config.ts', may: ['node'], reason: 'builds the console, and compresses it' },
  { at: 'control/console/src/api/', may: ['sockets', 'timers', 'random'], reason: 'what the console asks control for' },
  { at: 'control/console/src/ui/clock.ts', may: ['clock', 'timers'], reason: 'the clock of the browser' },
  { at: 'control/cli/', may: all, reason: "the operator's commands" },
  { at: 'control/insight/insight-store.ts', may: ['node'], reason: 'charts on disk' },
  { at: 'control/log/lmdb-file.ts', may: ['node'], reason: 'looks at a file before LMDB maps it' },
  { at: 'control/log/lmdb-log.ts', may: ['node'], reason: 'the revision log on disk' },
  { at: 'control/log/pack-text.ts', may: ['node'], reason: "the platform's zlib behind plain functions" },
  { at: 'control/people/local-token.ts', may: ['node'], reason: 'the token in the data folder' },
  { at: 'control/people/passwords.ts', may: ['node'], reason: "node's scrypt behind plain functions" },
  { at: 'control/people/oidc.ts', may: ['node'], reason: 'seals what a browser carries to its provider and back' },
  { at: 'control/people/digests.ts', may: ['node'], reason: 'draws, hashes and compares secrets' },
  { at: 'control/registry/draw.ts', may: ['node'], reason: "node's randomness behind a plain function" },
  { at: 'control/registry/lmdb-store.ts', may: ['node'], reason: 'the registry on disk' },
  { at: 'control/secrets/', may: ['node', 'process'], reason: 'seals secrets, and keeps the key for that' },
  { at: 'control/registry/pack-bytes.ts', may: ['node'], reason: "the platform's zlib behind plain functions" },
  { at: 'control/publish/', may: ['node', 'clock'], reason: 'reads configuration files' },
  { at: 'deploy/', may: all, reason: 'composition root of the whole' },
  { at: 'bench/', may: all, reason: 'measures the real thing' },
  { at: 'test/', may: all, reason: 'drives the real thing' },
  { at: 'scripts/', may: all, reason: 'the launcher installs and builds' },
  {
    at: 'vitest.config.ts',
    may: ['node', 'process'],
    reason: 'names the folders of the workspaces, chooses the seed of a run',
  },
];

/** Workspace → the workspaces it may import. Reading it from left to right is the direction of knowledge. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  proto: ['proto'],
  node: ['proto', 'node'],
  control: ['proto', 'control'],
  deploy: ['proto', 'node', 'control', 'deploy'],
  bench: ['proto', 'node', 'control', 'deploy', 'bench'],
  test: ['proto', 'node', 'control', 'deploy', 'bench', 'test'],
};

/** The one file outside `node/layers/` that names layers. */
export const chainFile = 'node/pipeline/chain.ts';

/** Packages and modules that open or accept connections. A type-only import of them is nothing. */
export const socketModules: ReadonlySet<string> = new Set([
  'node:net',
  'node:tls',
  'node:http',
  'node:https',
  'node:http2',
  'node:dgram',
  'node:dns',
  'node:dns/promises',
  'undici',
  'ws',
  'uWebSockets.js',
  'fastify',
  'ioredis',
  'nats',
]);

/** A file with more lines than this has a seam that was not looked for. */
export const fileLinesMax = 500;
/** A function has fewer lines than this. */
export const functionLinesMax = 70;

/** Words that name nothing. */
export const emptyWords: ReadonlySet<string> = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'manager',
  'data',
  'misc',
]);

/** Test code may use clocks and sockets as it likes; it is still held to names, lengths and leftovers. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/testing/');
}
