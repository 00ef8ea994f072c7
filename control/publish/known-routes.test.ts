import type { WeirConfig } from '@weir/proto/config/document.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';
import { compileSnapshot } from './compile.js';

const CONTRACT = (code: number): string =>
  JSON.stringify({
    openapi: '3.0.3',
    info: { title: 'pets', version: '1' },
    paths: { '/mock': { get: { operationId: 'show', responses: { [code]: { description: 'so' } } } } },
  });

/** All that a route may come to something else by, beside its own words. */
interface Around {
  readonly total: number;
  readonly firstByte: number;
  readonly other: number;
  readonly purgers: string;
  readonly consumers: readonly string[];
  readonly code: number;
}

/** Each may stand at any place, and once; the last two are about the first. */
const routes: readonly string[] = [
  '{ id: plain, match: /plain/*, upstream: app }',
  '{ id: others, match: /others/*, upstream: other, fallback: [{ upstream: app }] }',
  '{ match: /nameless, respond: 204 }',
  '{ id: stored, match: { path: /stored, methods: GET }, upstream: app, auth: apiKey, cache: true }',
  '{ id: mock, match: /mock, contract: { operation: show, mock: true } }',
  '{ id: page, match: /page, compose: { parts: { a: { route: plain, path: /plain/1 } } } }',
  '{ id: tools, match: /mcp, mcp: { tools: [{ name: get_it, route: plain, path: /plain/1, description: what it is }] } }',
];
const told = (body: string): string => `{ id: told, match: /told, respond: { status: 200, body: "${body}" } }`;

function configOf(
  chosen: readonly string[],
  { total, firstByte, other, purgers, consumers, code }: Around,
): WeirConfig {
  const text = `gateway: { timeouts: { total: ${total}s }, cache: { purge: { consumers: [${purgers}] } } }
upstreams:
  - { id: app, targets: ["http://127.0.0.1:1"], timeouts: { firstByte: ${firstByte}s } }
  - { id: other, targets: ["http://127.0.0.1:2"], timeouts: { connect: ${other}s } }
consumers: [${consumers.map((id) => `{ id: ${id}, keys: [{ sha256: "${id.repeat(64)}" }] }`).join(', ')}]
contracts: [{ id: pets, document: ${CONTRACT(code)} }]
routes: [${chosen.join(', ')}]`;
  const checked = checkConfig(text, {}, (key) => key);
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  return checked.config;
}

const anyAround = fc.record<Around>({
  total: fc.constantFrom(20, 30),
  firstByte: fc.constantFrom(5, 6),
  other: fc.constantFrom(2, 3),
  purgers: fc.constantFrom('a', 'b'),
  consumers: fc.constantFrom(['a', 'b'], ['b', 'a', 'c'], ['b', 'a', 'd']),
  code: fc.constantFrom(200, 204),
});

/** One is mostly around the same as another; else one thing of it is another. */
const anyConfigs = fc
  .tuple(
    anyAround,
    fc.array(
      fc.record({
        chosen: fc.shuffledSubarray([...routes]),
        body: fc.constantFrom('x', 'y'),
        other: anyAround,
        changed: fc.option(
          fc.constantFrom(...(['total', 'firstByte', 'other', 'purgers', 'consumers', 'code'] as const)),
        ),
      }),
      { minLength: 2, maxLength: 6, size: 'max' },
    ),
  )
  .map(([around, edits]) =>
    edits.map(({ chosen, body, other, changed }) => {
      const isPlainMissing = !chosen.includes(routes[0] ?? '');
      const plain = isPlainMissing && chosen.some((route) => /compose|mcp/.test(route)) ? routes.slice(0, 1) : [];
      const changedTo = changed === null ? {} : { [changed]: other[changed] };
      return configOf([...chosen, ...plain, told(body)], { ...around, ...changedTo });
    }),
  );

function compile(config: WeirConfig, sha256Hex: (text: string) => string): Snapshot {
  const context = { version: 1, createdWallMs: 5, environment: {}, hashPassword: (password: string) => password };
  return compileSnapshot(config, { ...context, sha256Hex });
}

describe('routes that are compiled behind others', () => {
  it('come to what they come to by themselves, and are the very objects where nothing has changed', () => {
    let same = 0;
    fc.assert(
      fc.property(anyConfigs, (configs) => {
        // With a way to hash that was never used before nothing is known.
        const alone = configs.map((config) => compile(config, (text) => `hash ${text}`));
        const hash = (text: string): string => `hash ${text}`;
        const behind = configs.map((config) => compile(config, hash));
        expect(behind).toEqual(alone);
        for (const [at, { routes: list }] of behind.entries())
          same += list.filter((route) => at > 0 && behind[at - 1]?.routes.includes(route)).length;
      }),
      { numRuns: 150 },
    );
    expect(same).toBeGreaterThan(100);
  });
});
