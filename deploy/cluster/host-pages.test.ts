import { describe, expect, it } from 'vitest';
import { degradedText, type HostReading, hostSeries } from './host-pages.js';
import { hearings } from './open-announced.js';

const counts = Object.fromEntries(hearings.map((hearing) => [hearing, 0])) as HostReading['counts']; // Its keys are these.
const well: HostReading = {
  ...{ cluster: 'main', id: 'n1', bus: { isConnected: true, sinceMs: 0, trouble: '' }, nowMs: 0 },
  ...{
    inForce: { kind: 'snapshot', serial: 1, version: 1, hash: 'h', sizeBytes: 1, takesBack: 0 },
    report: null,
    counts,
  },
  ...{ fetches: { whole: 1, delta: 0 }, secrets: { held: 0, outdated: 0 }, isKept: true },
};
const away = { isConnected: false, sinceMs: 0, trouble: "10.0.0.5:4222: 'Authorization Violation'" };
const refused = { isConnected: true, sinceMs: 0, trouble: 'the nats-server does not let it hear weir.other.snapshot' };

describe('what a host says of its surroundings', () => {
  it.each<[string, Partial<HostReading>, RegExp]>([
    ['is nothing where all is well', {}, /^$/],
    ['is that NATS is away, and that what is in force runs on', { bus: away }, /NATS is away.*runs on/],
    ['is that nothing could be kept', { isKept: false }, /could not be kept in --data/],
    ['with nothing in force: NATS does not let it in', { inForce: null, bus: away }, /refuses this node; \/status/],
    [
      'with nothing in force: NATS does not let it hear',
      { inForce: null, bus: refused },
      /does not let this node hear/,
    ],
    ['with nothing in force: nobody has announced anything', { inForce: null }, /control has announced none/],
    [
      'with nothing in force: the key is another one',
      { inForce: null, counts: { ...counts, 'unknown-key': 3 } },
      /a key that --trust does not name/,
    ],
  ])('%s, and names no address', (_what, more, expected) => {
    const text = degradedText({ ...well, ...more });
    expect(text).toMatch(expected);
    expect(text).not.toContain('4222');
  });

  it('has a gauge for what could not be kept', () => {
    expect(hostSeries(well)).toContain('\nweir_host_snapshot_kept 1\n');
    expect(hostSeries({ ...well, isKept: false })).toContain('\nweir_host_snapshot_kept 0\n');
  });
});
