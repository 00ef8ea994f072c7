import { checkConfig } from '@weir/control/publish/check-config.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { adviseOnAnswers } from '@weir/node/doctor/advice/advise-answers.js';
import { adviseOnCalls } from '@weir/node/doctor/advice/advise-calls.js';
import { AnswerStats, type Look } from '@weir/node/doctor/advice/answer-stats.js';
import { patternsIn } from '@weir/node/doctor/advice/burst-patterns.js';
import { call, counted } from '@weir/node/doctor/advice/testing/calls.js';
import type { Advice } from '@weir/proto/events/advice.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../support/gateway.js';
import { carriedOut } from './prescription.js';

interface Written {
  readonly id: string;
  readonly path: string;
  readonly more: string;
}

const configOf = (routes: readonly Written[]): string => `upstreams: [{ id: shop, targets: "http://127.0.0.1:9001" }]
routes:
${routes.map(({ id, path, more }) => `  - { id: "${id}", match: ${path}, upstream: shop${more} }`).join('\n')}
`;

/** Everything that could be said of these routes. */
function adviceOn({ routes }: Snapshot, targets: readonly string[]): readonly Advice[] {
  const specs = new Map(routes.map((route) => [route.id, route]));
  const look: Look = {
    ...{
      weight: 1,
      atMs: 0,
      url: 1,
      method: 'GET',
      status: 200,
      isPersonal: false,
      isSaid: false,
      digest: 7,
      bytes: 10_000,
    },
    ...{ waitMs: 10, wasAsked: true, isCodable: true, isJson: true, isSelected: true },
  };
  const onAnswers = routes.flatMap((route) => {
    const stats = new AnswerStats();
    for (let n = 0; n < 61; n += 1) stats.add({ ...look, atMs: n * 1_000 });
    stats.tried('coded', { wholeBytes: 100, leftBytes: 10 });
    stats.tried('selection', { wholeBytes: 100, leftBytes: 10 });
    return adviseOnAnswers(route, stats, 1);
  });
  const ids = routes.map(({ id }) => id);
  const bursts = [
    targets.map((target, n) => call(`${target}`.replaceAll('*', '7'), n * 30, 20, ids[n])),
    ...targets.flatMap((target, n) =>
      [0.5, 30].map((everyMs) =>
        [1, 2, 3, 4].map((item) => call(target.replaceAll('*', String(item)), item * everyMs, 20, ids[n])),
      ),
    ),
  ];
  const onCalls = bursts
    .flatMap((burst) => patternsIn(burst))
    .flatMap((seen) => adviseOnCalls(counted(seen), specs, 1));
  return [...onAnswers, ...onCalls];
}

const faultsOf = (text: string): readonly string[] => {
  const checked = checkConfig(text, {}, sha256Hex);
  return (checked.ok ? checked.warnings : checked.faults).map(({ path, message }) => `${path}: ${message}`);
};

/** All together; and where there are few configs, each by itself as well. */
function holdToSchema(config: string, targets: readonly string[], eachToo: boolean): readonly Advice[] {
  const text = `version: 1\n${config}`;
  const known = faultsOf(text);
  const advice = adviceOn(snapshotOf(config, 1), targets);
  const changes = advice.map((one) => one.changes);
  for (const some of eachToo ? [...changes, changes.flat()] : [changes.flat()])
    expect(faultsOf(carriedOut(text, some)).filter((fault) => !known.includes(fault))).toEqual([]);
  return advice;
}

describe('what the doctor proposes', () => {
  it('is a config, for every kind of advice', () => {
    const routes = ['users', 'carts', 'offers'].map((id) => ({ id, path: `"/${id}/{id}"`, more: '' }));
    const advice = holdToSchema(configOf(routes), ['/users/*', '/carts/*', '/offers/*?user=*&limit=5'], true);
    expect(new Set(advice.map(({ kind }) => kind))).toEqual(
      new Set(['composition', 'batch', 'coalesce', 'fields', 'cache', 'compress']),
    );
  });

  it('is a config, whatever routes are called and match, and whatever stands in them', () => {
    const id = fc.oneof(
      fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,40}$/),
      fc.constantFrom('status', 'item', 'true', '7', 'errors'),
    );
    const path = fc.constantFrom<readonly [string, string]>(
      ...([
        ['"/A/{id}"', '/A/*'],
        ['/A/*', '/A/*'],
        ['/A/*', '/A/*/lines'],
        ['"/v1/A/{id}/lines"', '/v1/A/*/lines'],
        ['/A', '/A?id=*'],
        ['{ host: shop.test, path: "/A/{id}", methods: [GET] }', '/A/*'],
        ['{ host: [a.test, b.test], path: "/A/*" }', '/A/*?x=*'],
      ] as const),
    );
    const more = fc.constantFrom(
      '',
      ', cache: true',
      ', cache: { staleIfSlow: 300ms }',
      ', optimize: { minify: true }',
      ', auth: [apiKey]',
      ', rewrite: { stripPrefix: /v1 }',
      ', timeouts: { total: 2s }, retry: false',
    );
    const routes = fc.uniqueArray(fc.tuple(id, path, more), { minLength: 3, maxLength: 6, selector: ([name]) => name });
    fc.assert(
      fc.property(routes, (drawn) => {
        // Each below a path of its own, so that none hides another.
        const written = drawn.map(([name, [pattern], rest], n) => ({
          id: name,
          path: pattern.replace('/A', `/r${'abcdef'[n]}`),
          more: rest,
        }));
        const targets = drawn.map(([, [, target]], n) => target.replace('/A', `/r${'abcdef'[n]}`));
        const text = configOf(written);
        // Some drawn routes can't be meant (a prefix that is not there), and what is no config can't be changed to one.
        const checked = checkConfig(`version: 1\n${text}`, {}, sha256Hex);
        fc.pre(checked.ok);
        holdToSchema(text, targets, false);
      }),
      { numRuns: 25 },
    );
  });
});
