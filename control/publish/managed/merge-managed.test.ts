import type { WeirConfig } from '@weir/proto/config/document.js';
import { parseConfig } from '@weir/proto/config/parse.js';
import { describe, expect, it } from 'vitest';
import { nothingManaged } from './managed-config.js';
import { mergeManaged, placeConflict, placeShadowed } from './merge-managed.js';
import { serviceOf } from './testing/fake-source.js';

const yaml = (routes: string): WeirConfig => {
  const parsed = parseConfig(`upstreams: [{ id: own, targets: ["http://127.0.0.1:1"] }]\nroutes:\n${routes}`, {});
  if (parsed.config === null) throw new Error(JSON.stringify(parsed.faults));
  return parsed.config;
};
const at = (basePath: string, hosts: string[] = []) => ({ basePath, hosts });

describe('a route of weir.yaml above a service', () => {
  it('loses the calls below it, and that is said; what answers where nothing else does loses nothing', () => {
    const config = yaml(
      '  - { id: rest, match: /* }\n  - { id: api, match: /api/* }\n  - { id: one, match: "/tenants/{id}/orders" }',
    );
    expect(placeShadowed(config, at('/api/shop'))).toBe(
      'it answers below /api/shop in place of route api of weir.yaml (/api/*)',
    );
    expect(placeShadowed(config, at('/tenants/a'))).toContain('route one of weir.yaml (/tenants/{id}/orders)');
    expect(placeShadowed(config, at('/tenants/a/orders'))).toContain('route one');
    for (const path of ['/shop', '/apis/shop', '/tenants/a/invoices', '/tenants/a/orders/b'])
      expect([path, placeShadowed(config, at(path))]).toEqual([path, null]);
    // At its own path it is a conflict, and the operator's words hold.
    expect([placeShadowed(config, at('/api')), placeConflict(config, at('/api'))]).toEqual([
      null,
      'route api of weir.yaml lies at or below /api',
    ]);
  });

  it('by a first segment that is any, and on the hosts that both have', () => {
    const config = yaml(
      '  - { id: any, match: "/{tenant}/orders" }\n  - { id: hosted, match: { path: "/api/*", host: a.test } }',
    );
    expect(placeShadowed(config, at('/shop'))).toContain('route any');
    expect(placeShadowed(config, at('/shop/invoices'))).toBeNull();
    expect(placeShadowed(config, at('/api/shop/x/y', ['b.test']))).toBeNull();
    expect(placeShadowed(config, at('/api/shop/x/y', ['*.test']))).toContain('route hosted');
  });

  it('is told of at each publication once, with the first services and how many more', () => {
    const config = yaml('  - { id: rest, match: /* }\n  - { id: api, match: /api/* }');
    const services = Array.from({ length: 8 }, (_, i) => ({
      ...{
        service: serviceOf(`s${i}`, { basePath: `/api/s${i}` }),
        upstreams: [],
        routes: [],
        contracts: [],
        secrets: [],
        ais: [],
      },
    }));
    const { findings, services: served } = mergeManaged(config, { ...nothingManaged, services });
    expect(served).toHaveLength(8);
    expect(findings).toMatchObject([
      {
        ...{ severity: 'warning', path: ['routes', 1, 'match'] },
        message: expect.stringMatching(
          /^below \/api\/\* services of teams answer in its place: s0 \(\/api\/s0\), .* and 3 more$/,
        ),
      },
    ]);
    expect(mergeManaged(config, { ...nothingManaged, services: [] }).findings).toEqual([]);
  });
});
