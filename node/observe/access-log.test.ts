import { failure } from '@weir/proto/http/failures.js';
import type { AccessLogSpec } from '@weir/proto/snapshot/gateway.js';
import { describe, expect, it } from 'vitest';
import { makeExchange, makeRequest, seededRandom } from '../pipeline/testing/harness.js';
import { makeGateway, makeRoute } from '../pipeline/testing/specs.js';
import { createAccessLog } from './access-log.js';

function setUp() {
  const opened: { destination: string; lines: string[]; closed: boolean }[] = [];
  const log = createAccessLog((destination) => {
    if (destination === 'refused') throw new Error('EACCES');
    const file = { destination, lines: [] as string[], closed: false };
    opened.push(file);
    return {
      write: (line) => void file.lines.push(line),
      reopen: () => {},
      close: async () => {
        file.closed = true;
      },
      counts: () => ({ written: file.lines.length, dropped: 1, trouble: null }),
    };
  }, seededRandom(7));
  const prepare = (spec: Partial<AccessLogSpec>, routes = [makeRoute()]) => {
    const gateway = makeGateway();
    const accessLog = { ...gateway.accessLog, enabled: true, ...spec };
    return log.prepare({ gateway: { ...gateway, accessLog }, routes });
  };
  const apply = (spec: Partial<AccessLogSpec>, routes = [makeRoute()]) => {
    prepare(spec, routes).commit();
  };
  const end = (outcome: { status?: number; ms?: number; failed?: boolean; query?: string } = {}) => {
    const exchange = makeExchange();
    exchange.status = outcome.status ?? 200;
    exchange.endedAtMs = 1_000 + (outcome.ms ?? 1);
    exchange.failure = outcome.failed ? failure('client_gone', '') : null;
    log.ended(makeRequest({ exchange, query: outcome.query ?? '' }));
  };
  return { log, opened, prepare, apply, end };
}

describe('the access log', () => {
  it('writes nothing until it is told where, and nothing when it is off', () => {
    const { opened, apply, end } = setUp();
    end();
    apply({ enabled: false });
    end();
    expect(opened).toEqual([]);
  });

  it('samples successes by their share, and writes every failed and every slow exchange', () => {
    const { opened, apply, end } = setUp();
    apply({ sample: 0.25, slowMs: 100 });
    for (let i = 0; i < 2_000; i += 1) end();
    const sampled = opened[0]?.lines.length ?? 0;
    expect(sampled).toBeGreaterThan(400);
    expect(sampled).toBeLessThan(600);
    apply({ sample: 0, slowMs: 100 });
    end();
    end({ status: 404 });
    expect(opened[0]?.lines.length).toBe(sampled);
    end({ status: 500 });
    end({ ms: 100 });
    end({ failed: true });
    expect(opened[0]?.lines.length).toBe(sampled + 3);
  });

  it('keeps its file as long as the destination stays, and closes it when that changes', async () => {
    const { log, opened, apply, end } = setUp();
    apply({ destinations: ['one'] });
    end();
    apply({ destinations: ['one'], sample: 0.5 });
    apply({ destinations: ['two'] });
    end();
    end();
    await log.close();
    expect(opened.map(({ destination, lines, closed }) => [destination, lines.length, closed])).toEqual([
      ['one', 1, true],
      ['two', 2, true],
    ]);
    expect(log.counts()).toEqual({ written: 3, dropped: 2 });
  });

  it('writes each line to all of its destinations, and opens a collector anew where its fields are others', async () => {
    const { log, opened, apply, end } = setUp();
    const collector = 'https://logs.example/weir';
    apply({ destinations: ['one', collector], headers: { 'x-a': '1' } });
    end();
    apply({ destinations: ['one', collector], headers: { 'x-a': '2' } });
    end();
    apply({ destinations: ['one'], headers: { 'x-a': '2' } });
    await log.close();
    expect(opened.map(({ destination, lines, closed }) => [destination, lines.length, closed])).toEqual([
      ['one', 2, true],
      [collector, 1, true],
      [collector, 1, true],
    ]);
    expect(log.counts()).toEqual({ written: 4, dropped: 3 });
  });

  it('closes again what was opened beside one that cannot be', () => {
    const { opened, apply } = setUp();
    apply({ destinations: ['one'] });
    expect(() => apply({ destinations: ['one', 'two', 'refused'] })).toThrow('EACCES');
    expect(opened.map(({ destination, closed }) => [destination, closed])).toEqual([
      ['one', false],
      ['two', true],
    ]);
  });

  it('goes on as before when a new destination cannot be opened', () => {
    const { opened, apply, end } = setUp();
    apply({ destinations: ['one'] });
    expect(() => apply({ destinations: ['refused'], sample: 0 })).toThrow('EACCES');
    end();
    expect(opened[0]?.lines).toHaveLength(1);
  });

  it('changes nothing for a snapshot that is refused after it was prepared, and closes what was opened for it', () => {
    const { opened, prepare, apply, end } = setUp();
    const keyed = makeRoute({ auth: [{ kind: 'apiKey', in: [{ query: 'key' }], consumers: [], hide: false }] });
    apply({ destinations: ['one'] }, [keyed]);
    for (const destination of ['one', 'two']) prepare({ destinations: [destination], sample: 0 }).discard();
    end({ query: 'key=1' });
    apply({ destinations: ['one'] });
    end({ query: 'key=1' });
    const lines = opened[0]?.lines.map((line) => JSON.parse(line).query);
    expect(lines).toEqual(['key=[redacted]', 'key=[redacted]']);
    expect(opened.map(({ closed }) => closed)).toEqual([false, true]);
  });

  it('hides the secrets of the snapshot before as well, since its exchanges are still ending', () => {
    const { opened, apply, end } = setUp();
    const keyed = makeRoute({ auth: [{ kind: 'apiKey', in: [{ query: 'old' }], consumers: [], hide: false }] });
    apply({}, [keyed]);
    apply({}, [makeRoute()]);
    end({ query: 'old=1' });
    apply({}, [makeRoute()]);
    end({ query: 'old=1' });
    expect(opened[0]?.lines.map((line) => JSON.parse(line).query)).toEqual(['old=[redacted]', 'old=1']);
  });
});
