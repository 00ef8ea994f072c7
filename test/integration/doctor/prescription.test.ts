import { checkConfig } from '@weir/control/publish/check-config.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { classify } from '@weir/node/doctor/classify.js';
import { anyRecord } from '@weir/node/doctor/testing/any-record.js';
import type { Change } from '@weir/proto/events/doctor.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carriedOut, configChanges } from './prescription.js';

const config = `
version: 1
upstreams:
  - { id: app, targets: ["http://127.0.0.1:9001"] }
routes:
  - { id: all, match: /*, upstream: app }
`;

const faultsOf = (text: string): readonly string[] => {
  const checked = checkConfig(text, {}, sha256Hex);
  return checked.ok ? [] : checked.faults.filter(({ severity }) => severity === 'error').map(({ message }) => message);
};

describe('what the doctor prescribes', () => {
  it('is a change of a weir.yaml that its schema takes, whatever the record', () => {
    const paths = new Set<string>();
    const lines = new Set<string>();
    fc.assert(
      fc.property(anyRecord, (record) => {
        const { changes } = classify({ ...record, route: 'all', upstream: 'app' }).verdict;
        for (const change of configChanges(changes)) {
          const line = `${change.path}: ${change.to}`;
          if (lines.has(line)) continue;
          lines.add(line);
          paths.add(change.path);
          expect([change, faultsOf(carriedOut(config, [change]))]).toEqual([change, []]);
        }
      }),
      { numRuns: 300 },
    );
    expect(paths.size).toBeGreaterThan(8);
  });

  it('finds its place where the config says nothing, says a word, or says it by fields', () => {
    const change = (path: string, from: string, to: string): Change => ({ kind: 'config', path, from, to });
    const changes = [
      change('upstreams[id=app].health.outlier.latencyFactor', '0', '3'),
      change('routes[id=all].timeouts.firstByte', '15s', '3.5s'),
    ];
    for (const health of ['', ', health: { outlier: true }', ', health: { outlier: { latencyFactor: 0 } }']) {
      const text = carriedOut(config.replace(':9001"]', `:9001"]${health}`), changes);
      expect(text).toMatch(/latencyFactor: 3/);
      expect(text).toMatch(/firstByte: 3\.5s/);
      expect(faultsOf(text)).toEqual([]);
    }
  });

  it('is refused where the config says something else than the change says', () => {
    const change: Change = { kind: 'config', path: 'routes[id=all].upstream', from: 'other', to: 'app' };
    expect(() => carriedOut(config, [change])).toThrow('is app, and not other');
    expect(() => carriedOut(config, [{ ...change, path: 'routes[id=gone].upstream' }])).toThrow('there is no');
  });
});
