import { parseConfig } from '@weir/proto/config/parse.js';
import { describe, expect, it } from 'vitest';
import { demoConfig } from './config.js';

const text = demoConfig({
  listen: '127.0.0.1:8080',
  targets: ['http://127.0.0.1:9001', 'http://127.0.0.1:9002'],
  shop: 'http://127.0.0.1:9003',
  deadlineMs: 2_000,
});

describe('the configuration of the demo', () => {
  it('is accepted without a fault or a warning', () => {
    expect(parseConfig(text, {}).faults).toEqual([]);
  });

  it('answers before its clients give up, and leaves each phase inside the whole', () => {
    const { config } = parseConfig(text, {});
    const timeouts = config?.routes[0]?.timeouts;
    expect(timeouts?.total).toBeLessThan(2_000);
    expect(Number(timeouts?.firstByte)).toBeLessThan(timeouts?.total ?? 0);
    expect((timeouts?.connect ?? 0) + Number(timeouts?.firstByte)).toBeLessThanOrEqual(timeouts?.total ?? 0);
  });

  it('sends to the targets it was given, and does what can be done about bad ones', () => {
    const { config } = parseConfig(text, {});
    expect(config?.upstreams[0]?.targets).toHaveLength(2);
    expect(config?.routes[0]).toMatchObject({ hedge: {}, protect: 65_536, retry: { attempts: 2 } });
  });
});
