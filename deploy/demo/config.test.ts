import { parseConfig } from '@weir/proto/config/parse.js';
import { describe, expect, it } from 'vitest';
import { demoConfig } from './config.js';

const text = demoConfig({
  listen: '127.0.0.1:8080',
  targets: ['http://127.0.0.1:9001', 'http://127.0.0.1:9002'],
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
    expect(timeouts?.firstByte).toBeLessThan(timeouts?.total ?? 0);
    expect((timeouts?.connect ?? 0) + (timeouts?.firstByte ?? 0)).toBeLessThanOrEqual(timeouts?.total ?? 0);
  });

  it('sends to the targets it was given, by load and not in turns', () => {
    const upstream = parseConfig(text, {}).config?.upstreams[0];
    expect(upstream?.targets).toHaveLength(2);
    expect(upstream?.balance).toBe('least-request');
  });
});
